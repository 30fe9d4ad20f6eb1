"""A sign-in server that nobody wrote for production, and the demo application in front of it."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from latchstring_demo.app import build
from latchstring_demo.settings import DemoSettings

BASE = "http://127.0.0.1:8001"
CLAIMS = {
    "sub": "email|0123456789abcdef01234567",
    "email": "alice@example.com",
    "email_verified": True,
}


@cache
def a_key(owner: str) -> RSAKey:
    """The key of somebody; they all call it the same."""
    assert owner
    return RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class FakeIssuer:
    """Signs everybody in as Alice, checks PKCE, and can be told to misbehave."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: a_key("issuer"))
    other_key: RSAKey | None = None
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    issuer_in_document: str | None = None
    profile: dict[str, object] = field(default_factory=lambda: dict(CLAIMS))
    signed_out: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/jwks", self.jwks),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.userinfo),
                Route("/logout", self.logout),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer_in_document or f"{self.url}/",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "end_session_endpoint": f"{self.url}/logout",
                "jwks_uri": f"{self.url}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        answer = self.answer or {"code": "the-code", "iss": f"{self.url}/"}
        self.seen[query["state"]] = query
        target = httpx2.URL(query["redirect_uri"], params={"state": query["state"], **answer})
        return RedirectResponse(str(target), 302)

    async def token(self, request: Request) -> Response:
        sent = dict(parse_qsl((await request.body()).decode()))
        asked = list(self.seen.values())[-1]
        hashed = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if "authorization" in request.headers or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "PKCE"}, 400)
        return JSONResponse(
            {
                "access_token": "an-access-token",
                "token_type": "Bearer",
                "expires_in": 3600,
                "id_token": self.id_token(asked["nonce"]),
            }
        )

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        times = {"iat": now, "exp": now + 60, "auth_time": now}
        claims: dict[str, Any] = {"iss": f"{self.url}/", "aud": "demo", "nonce": nonce} | CLAIMS
        key = self.other_key or self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims | times, key)

    async def userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer an-access-token"
        return JSONResponse(self.profile)

    async def logout(self, request: Request) -> Response:
        self.signed_out = dict(request.query_params)
        back = httpx2.URL(
            self.signed_out["post_logout_redirect_uri"], params={"state": self.signed_out["state"]}
        )
        return RedirectResponse(str(back), 302)


@asynccontextmanager
async def serving(issuer: FakeIssuer, port: int = 0) -> AsyncIterator[FakeIssuer]:
    """The fake on a loopback port of its own."""
    config = uvicorn.Config(issuer.app(), host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    issuer.url = f"http://127.0.0.1:{port}"
    try:
        yield issuer
    finally:
        server.should_exit = True
        await server.shutdown()


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with serving(FakeIssuer()) as issuer:
        yield issuer


@pytest.fixture
def settings(issuer: FakeIssuer) -> DemoSettings:
    return DemoSettings(
        issuer=f"{issuer.url}/",
        client_id="demo",
        client_secret=None,
        base_url=BASE,
        session_secret="a-secret-for-the-tests",
    )


@pytest.fixture
async def browser(settings: DemoSettings) -> AsyncIterator["Browser"]:
    async with Browser.at(settings) as browser:
        yield browser


@dataclass
class Browser:
    """Alice's browser: keeps the demo's cookies and follows redirects to the issuer and back."""

    demo: httpx2.AsyncClient
    web: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def at(cls, settings: DemoSettings) -> AsyncIterator["Browser"]:
        transport = httpx2.ASGITransport(build(settings))
        async with (
            httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as demo,
            httpx2.AsyncClient(trust_env=False) as web,
        ):
            yield cls(demo, web)

    async def open(self, url: str, method: str = "GET") -> httpx2.Response:
        for _ in range(10):
            client = self.demo if url.startswith(("/", BASE)) else self.web
            response = await client.request(method, url)
            if not response.has_redirect_location:
                return response
            url, method = response.headers["location"], "GET"
        raise AssertionError("too many redirects")
