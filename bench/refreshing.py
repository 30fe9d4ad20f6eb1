"""Applications that have new tokens for a refresh token, in place of people who sign in."""

import asyncio
import time
from collections.abc import Sequence

from bench.client import CREDENTIALS, TOKEN_PATH
from bench.codes import Codes
from bench.load import Dialect, Load, LoginFailed, Window
from bench.people import People
from bench.wire import Connection, Request


class RefreshLoad(Load):
    """Each sign-in is counted by nobody; its refresh tokens are traded one after the other."""

    def __init__(
        self, dialect: Dialect, codes: Codes, people: People, ports: Sequence[int]
    ) -> None:
        super().__init__(dialect, codes, people, ports)
        self._tokens: asyncio.Queue[str] = asyncio.Queue()

    async def ready(self, users: int) -> None:
        """Sign so many people in, unless there are as many; raise ``LoginFailed``."""
        connection = self._another()
        try:
            while self._tokens.qsize() < users:
                answer = await self.signed_in(connection, time.perf_counter(), Window())
                self.beside += 1
                self._tokens.put_nowait(str(answer.body["refresh_token"]))
        finally:
            connection.close()

    async def sign_in(self, connection: Connection, due: float, window: Window) -> None:
        """Trade the refresh token of somebody who is not trading just now."""
        token = await self._tokens.get()
        body = {"grant_type": "refresh_token", "refresh_token": token}
        answer = await connection.post(Request(TOKEN_PATH, CREDENTIALS | body))
        window.verifies.append(time.perf_counter() - due)
        following = str(answer.body.get("refresh_token"))
        if not self._dialect.is_signed_in(answer) or following == token:
            raise LoginFailed(f"a refresh answered {answer.status} {sorted(answer.body)}")
        window.logins += 1
        self._tokens.put_nowait(following)
