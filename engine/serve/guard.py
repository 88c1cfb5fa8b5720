"""What stands before every request: who asks, from where, how often, how much."""

import asyncio
import json
import time
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .headers import HEADERS
from .metrics import Metrics
from .rates import Rates
from .settings import Settings
from .tokens import Doorman

SAFE = ("GET", "HEAD", "OPTIONS")
# Anybody may have the page itself, for it holds nothing; what it shows needs the token.
OPEN = ("/", "/docs", "/health", "/api/session", "/favicon.ico")
OPEN_BELOW = "/page/"


class Guard:
    """ASGI middleware. Replies of its own have the same form as all errors."""

    def __init__(
        self, app: ASGIApp, settings: Settings, doorman: Doorman, metrics: Metrics
    ) -> None:
        self._app, self._settings = app, settings
        self._doorman, self._metrics = doorman, metrics
        self._rates = Rates(settings.rate, settings.burst)
        self._here = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Told by what the reply says, before what it says in full: a stream has no end.
                self._metrics.request(
                    _route(scope), scope["method"], status, time.perf_counter() - began
                )
                own = {name for name, _ in message.get("headers", [])}
                more = [(n, v) for n, v in HEADERS if n not in own]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            self._metrics.refused(refusal[1])
            await _refuse(with_headers, *refusal)
            return
        self._here += 1
        try:
            await self._app(scope, self._bounded(scope["path"], receive), with_headers)
        finally:
            self._here -= 1

    def _refusal(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, str, str, dict[str, str]] | None:
        """Status, type, sentence and headers of a request that is turned away; else None."""
        client = (scope.get("client") or ("?", 0))[0]
        path, host = scope["path"], headers.get("host", "")
        # A page of another name that resolves to this machine must not read from it.
        if not self._doorman.needs_token and _hostname(host) not in self._own_names():
            return 421, "wrong host", f"this server is not called {host[:100]!r}", {}
        if scope["method"] not in SAFE and not _same_origin(headers, host):
            return 403, "cross-site", "requests that change something must come from here", {}
        if (wait := self._rates.wait(client)) > 0:
            return 429, "too many requests", "slow down a little", {"retry-after": str(ceil(wait))}
        open_to_all = path in OPEN or path.startswith(OPEN_BELOW)
        if not open_to_all and not self._doorman.lets_in(
            headers.get("authorization", ""), headers.get("cookie", "")
        ):
            told = "show the server's token: Authorization: Bearer ..."
            return 401, "token needed", told, {"www-authenticate": "Bearer"}
        if self._here >= self._settings.in_flight:
            return 503, "busy", "too many requests at once: try again", {"retry-after": "1"}
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most(path):
            return 413, "too large", self._too_large(path), {"connection": "close"}
        return None

    def _own_names(self) -> tuple[str, ...]:
        return ("localhost", "127.0.0.1", "::1", self._settings.host)

    def _most(self, path: str) -> int:
        """Bytes that a request to this path may have."""
        if path == "/api/documents":
            return self._settings.max_upload
        if path == "/api/search/picture":
            return self._settings.max_picture
        return self._settings.max_body

    def _too_large(self, path: str) -> str:
        return f"the request is larger than {self._most(path):,} bytes: send less at once"

    def _bounded(self, path: str, receive: Receive) -> Receive:
        """Counts the body, which need not be as long as it says, and does not wait for ever."""
        most, got, ended = self._most(path), 0, False

        async def bounded() -> Message:
            nonlocal got, ended
            if ended:  # nothing comes now but the client's going away
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._settings.seconds_for_body)
            except TimeoutError:
                ended = True
                raise HTTPException(408, "the rest of the request did not come in time") from None
            got += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if got > most:
                ended = True
                raise HTTPException(413, self._too_large(path))
            return message

        return bounded


async def _refuse(send: Send, status: int, kind: str, told: str, headers: dict[str, str]) -> None:
    body = json.dumps({"error": {"message": told, "type": kind}}).encode()
    own = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    start: dict[str, Any] = {"type": "http.response.start", "status": status}
    start["headers"] = [(name.encode(), value.encode()) for name, value in own.items()]
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    """The pattern that matched, so that there are no more of them than routes."""
    return str(getattr(scope.get("route"), "path", "other"))


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_origin(headers: dict[str, str], host: str) -> bool:
    """Browsers tell where a request comes from; programs do not, and have no cookies to abuse."""
    origin = headers.get("origin")
    if origin is not None:
        return origin in (f"http://{host}", f"https://{host}")
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
