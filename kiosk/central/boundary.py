"""The edge of the server: whatever is not a success is answered by a problem of the contract; inputs are bounded."""

import asyncio
import contextlib
import logging
import re

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiosk.api import sealing
from kiosk.api.problems import MEDIA_TYPE, ProblemName
from kiosk.api.sealing import BadSealError, Binding
from kiosk.central.refusal import Refused

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10  # for a whole body to arrive
SEALED_BY = "sealed_by"  # in the state of a request: the kiosk that its sealed body names
NOBODY = ""  # sealed what does not open; no kiosk is called so

_LOST = (OperationalError, InterfaceError, PoolTimeoutError)  # the storage, or the way to it
_log = logging.getLogger("kiosk.central")
_MEMBER = re.compile(r"[A-Za-z_-]{1,40}")
_HEADER_PROBLEMS = {
    "Idempotency-Key": ProblemName.IDEMPOTENCY_KEY_MISSING,
    "If-Match": ProblemName.IF_MATCH_MISSING,
}
_STATUS_TO_PROBLEM = {404: ProblemName.NOT_FOUND, 405: ProblemName.METHOD_NOT_ALLOWED}


def guard(app: FastAPI) -> None:
    """Put the boundary around an application."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    for lost in _LOST:
        app.add_exception_handler(lost, _storage_error)
    app.add_middleware(Boundary)


def problem_response(name: ProblemName, detail: str | None = None, headers: dict[str, str] | None = None) -> Response:
    """Return the problem as an answer."""
    return _answer(Refused(name, detail, headers=headers))


def _answer(refused: Refused) -> Response:
    name = refused.problem
    # Whoever is not signed in is told how to do so.
    challenge = {"WWW-Authenticate": "Bearer"} if name is ProblemName.NOT_SIGNED_IN else {}
    body = refused.described().model_dump_json(exclude_none=True)
    return Response(body, name.status, challenge | refused.headers, MEDIA_TYPE)


class Boundary:
    """Reads each body up to its limits before anything else does, keeps answers out of caches, hides what breaks."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_uncached(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        body = await _read_body(receive)
        if body is None:
            refusal = problem_response(
                ProblemName.INVALID, "the body is too large or too slow", {"Connection": "close"}
            )
            await refusal(scope, receive, send_uncached)
            return
        try:
            if _header(scope, b"content-type") == sealing.MEDIA_TYPE:
                scope, body = await _unsealed(scope, body)
            await self.app(scope, _replay(body, receive), send_uncached)
        except Exception as error:  # noqa: BLE001 (the last resort: whatever broke, the answer is a problem)
            _report(error)
            if not started:
                name = ProblemName.STORAGE_UNAVAILABLE if isinstance(error, _LOST) else ProblemName.INTERNAL
                await problem_response(name)(scope, receive, send_uncached)


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body; None when it is over MAX_BODY_BYTES, cut off, or not there after BODY_SECONDS."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    return None
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return None


async def _unsealed(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
    """Return the request as if it had come in clear, with the kiosk that sealed it: NOBODY when it does not open.

    Refused is that only where the caller is known: who is not signed in learns nothing else.
    """
    sealer, opened = NOBODY, b""
    with contextlib.suppress(BadSealError):
        envelope = sealing.read_envelope(body)
        binding = Binding(envelope.kiosk, _header(scope, b"idempotency-key"), scope["path"])
        opened = await run_in_threadpool(scope["app"].state.central.sealing.open, binding, envelope)
        sealer = envelope.kiosk
    headers = [pair for pair in scope["headers"] if pair[0] not in {b"content-type", b"content-length"}]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(opened)).encode())]
    state = {**scope.get("state", {}), SEALED_BY: sealer}
    return {**scope, "headers": headers, "state": state}, opened


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _report(error: Exception) -> None:
    # Neither message nor traceback: either could quote a person's name.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "unknown"
    _log.error("unexpected %s in %s", type(error).__name__, where)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 (how handlers are registered)
    return _answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (how handlers are registered)
    missing = {entry["loc"] for entry in error.errors() if entry["type"] == "missing"}
    for header, problem in _HEADER_PROBLEMS.items():
        if ("header", header) in missing:
            return problem_response(problem)
    return problem_response(ProblemName.INVALID, _where(error))


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (how handlers are registered)
    name = _STATUS_TO_PROBLEM.get(error.status_code, ProblemName.INVALID)
    return problem_response(name, headers=dict(error.headers or {}))


async def _storage_error(_: Request, error: Exception) -> Response:
    _report(error)
    return problem_response(ProblemName.STORAGE_UNAVAILABLE)


def _where(error: RequestValidationError) -> str:
    # Names of members only; what was sent, even as the name of a member nobody defined, stays out.
    places = {
        ".".join(str(part) for part in entry["loc"] if isinstance(part, int) or _MEMBER.fullmatch(part))
        for entry in error.errors()
        if entry["type"] not in {"extra_forbidden", "json_invalid"}
    }
    return "not valid: " + (", ".join(sorted(places)) or "the body as a whole")
