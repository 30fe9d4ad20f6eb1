"""The settings of a Django project that is as small as one with users can be."""

import os
import secrets

# Without a secret of its own, whoever is signed in is forgotten with the next start.
SECRET_KEY = os.environ.get("SESSION_SECRET") or secrets.token_hex()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "views"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]

AUTHLIB_OAUTH_CLIENTS = {
    "latchstring": {
        "server_metadata_url": os.environ["ISSUER"] + ".well-known/openid-configuration",
        "client_id": os.environ["CLIENT_ID"],
        "client_secret": os.environ["CLIENT_SECRET"],
        "client_kwargs": {"scope": "openid profile email", "code_challenge_method": "S256"},
    }
}
