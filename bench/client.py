"""The application that people sign in to at the product."""

CLIENT_ID = "bench"
CLIENT_SECRET = "a-secret-of-the-bench-and-of-nobody-else"  # noqa: S105 - opens nothing but this
CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
CALLBACK = "http://127.0.0.1:9100/callback"
API = "https://api.bench.example/"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
