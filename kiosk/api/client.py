"""The central API over HTTP: one connection, on which every error is converted; on it the kiosk's calls.

The kiosk's only user of httpx.
"""

import contextlib
import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from kiosk.api import contract, sealing
from kiosk.api.problems import MEDIA_TYPE, Problem, ProblemName, Rejection

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
MAX_ANSWER_BYTES = 8_000_000
MAX_RETRY_SECONDS = 366 * 24 * 3600

_Answer = TypeVar("_Answer", bound=BaseModel)


class CentralError(Exception):
    """The central did not do what was asked."""


class UnreachableError(CentralError):
    """No answer, and nothing was changed by asking.

    `retry_after_seconds` when whoever stood in the way said how long to wait.
    """

    def __init__(self, retry_after_seconds: int | None = None) -> None:
        super().__init__("no answer")
        self.retry_after_seconds = retry_after_seconds


class RefusedError(CentralError):
    """The central said no; `name` is None for a problem that we do not know, `reason` for all but refused numbers.

    `retry_after_seconds`: after that time the same request may be answered otherwise.
    """

    def __init__(
        self,
        status: int,
        name: ProblemName | None,
        *,
        reason: Rejection | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(name.value if name else f"status {status}")
        self.status = status
        self.name = name
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknownError(CentralError):
    """A write left and no answer came that can be believed: it may or may not have been done.

    `retry_after_seconds` when whoever stood in the way said how long to wait.
    """

    def __init__(self, retry_after_seconds: int | None = None) -> None:
        super().__init__("no answer")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class SealedWrite:
    """A write as the journal keeps it: where to, under which key, about which revision, and the sealed body."""

    path: str
    key: str
    revision: int | None
    body: bytes = field(repr=False)


class Connection:
    """One address, its HTTP connections, and the bearer token of whoever calls; `token` is sent with every request.

    Every call raises UnreachableError or RefusedError; `write` also OutcomeUnknownError.
    """

    def __init__(
        self, base_url: str, token: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
            trust_env=False,
        )
        self.token = token

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[_Answer],
        *,
        params: dict[str, str] | None = None,
        body: BaseModel | None = None,
        form: dict[str, str] | None = None,
    ) -> _Answer:
        """Return the answer, read as JSON of the contract."""
        raw = await self.send(method, path, params=params, body=body, form=form)
        try:
            return answer.model_validate_json(raw)
        except ValidationError:
            # `from None`: the rejected answer may hold a name, and a chained error would carry it into a log.
            raise UnreachableError from None

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: BaseModel | None = None,
        form: dict[str, str] | None = None,
    ) -> bytes:
        """Return the body of the answer as it came; `body` is sent as JSON. For what may be asked again as it is."""
        content = body.model_dump_json(exclude_none=True).encode() if body else None
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            response, raw = await self._exchange(method, path, headers, params=params, content=content, data=form)
        except httpx.HTTPError:
            raise UnreachableError from None
        if response.is_success:
            return raw
        problem = _problem(response, raw)
        if problem is None and response.status_code >= 500:
            raise UnreachableError(_retry_after(response))
        raise _refusal(response, problem)

    async def write(self, sealed: SealedWrite, answer: type[_Answer]) -> _Answer:
        """Send a sealed write once. Raise UnreachableError when not a byte left, OutcomeUnknownError, RefusedError.

        Only a problem of the contract is a no: what a proxy or a broken server says tells nothing of what was done.
        """
        headers = {"Content-Type": sealing.MEDIA_TYPE, "Idempotency-Key": sealed.key}
        headers |= {"If-Match": f'"{sealed.revision}"'} if sealed.revision is not None else {}
        try:
            response, raw = await self._exchange("POST", sealed.path, headers, content=sealed.body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise UnreachableError from None
        except httpx.HTTPError:
            raise OutcomeUnknownError from None
        if response.is_success:
            with contextlib.suppress(ValidationError):  # a yes that cannot be read is not a no
                return answer.model_validate_json(raw)
        problem = None if response.is_success else _problem(response, raw)
        name = problem and ProblemName.from_urn(problem.type)
        if problem is None or name in {None, ProblemName.INTERNAL}:
            raise OutcomeUnknownError(_retry_after(response))
        raise _refusal(response, problem)

    async def _exchange(
        self, method: str, path: str, headers: dict[str, str], **request: Any
    ) -> tuple[httpx.Response, bytes]:
        if self.token:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        async with self._http.stream(method, path, headers=headers, **request) as response:
            return response, await _bounded(response)


class CentralClient:
    """Calls to one central. All raise UnreachableError or RefusedError; `write` also OutcomeUnknownError."""

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._connection = Connection(base_url, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def sign_in(self, mediator: str, code: str, kiosk: str) -> contract.Me:
        """Open the shift; the token stays in memory and is sent with every later call."""
        form = {"grant_type": "password", "username": mediator, "password": code, "client_id": kiosk}
        token = await self._connection.call("POST", "/oauth/token", contract.Token, form=form)
        self._connection.token = token.access_token
        return await self._connection.call("GET", "/v1/me", contract.Me)

    def sign_out(self) -> None:
        """Forget the token."""
        self._connection.token = None

    async def health(self) -> contract.Health:
        """Ask whether the central is there."""
        return await self._connection.call("GET", "/v1/health", contract.Health)

    async def services(self) -> contract.Services:
        """Return all that can be booked."""
        return await self._connection.call("GET", "/v1/services", contract.Services)

    async def sites(self) -> contract.Sites:
        """Return every site."""
        return await self._connection.call("GET", "/v1/sites", contract.Sites)

    async def availability(self, service: str, site: str | None = None) -> contract.Availability:
        """Return free places per site and day over the whole horizon."""
        params = {"service": service} | ({"site": site} if site else {})
        return await self._connection.call("GET", "/v1/availability", contract.Availability, params=params)

    async def slots(self, service: str, site: str, date: str) -> list[contract.Slot]:
        """Return all free slots of a day of the site's calendar, following the cursor."""
        params = {"service": service, "site": site, "date": date}
        page = await self._connection.call("GET", "/v1/slots", contract.SlotPage, params=params)
        slots = list(page.slots)
        while page.next_cursor and page.slots:
            page = await self._connection.call(
                "GET", "/v1/slots", contract.SlotPage, params=params | {"cursor": page.next_cursor}
            )
            slots += page.slots
        return slots

    async def search(self, wanted: contract.ByName | contract.ByReference) -> contract.Bookings:
        """Return the bookings of one person."""
        return await self._connection.call("POST", "/v1/bookings/search", contract.Bookings, body=wanted)

    async def release(self, hold: str) -> None:
        """Give a held slot back."""
        await self._connection.send("DELETE", f"/v1/holds/{hold}")

    async def write(self, sealed: SealedWrite, answer: type[_Answer]) -> _Answer:
        """Do what the journal says, once: the same key twice is one effect."""
        return await self._connection.write(sealed, answer)

    async def outcome_of(self, key: str) -> contract.Outcome | None:
        """Return what became of the intent with this key; None if the central knows nothing of it."""
        try:
            return await self._connection.call("GET", f"/v1/bookings/by-key/{key}", contract.Outcome)
        except RefusedError as refusal:
            if refusal.name is ProblemName.NOT_FOUND:
                return None
            raise

    async def keys(self) -> bytes:
        """Return the signed list of keys of tickets; nobody needs to be signed in."""
        return await self._connection.send("GET", "/.well-known/rdv-keys")

    async def sealing_key(self) -> bytes:
        """Return the key to which bodies are sealed, signed; nobody needs to be signed in."""
        return await self._connection.send("GET", "/.well-known/rdv-sealing-key")

    async def check_ticket(self, shown: contract.TicketByToken | contract.TicketByReference) -> contract.TicketCheck:
        """Return what a ticket is worth now."""
        return await self._connection.call("POST", "/v1/tickets/check", contract.TicketCheck, body=shown)


async def _bounded(response: httpx.Response) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_bytes():
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise httpx.ReadError("answer too long")
    return bytes(raw)


def _refusal(response: httpx.Response, problem: Problem | None) -> CentralError:
    name = ProblemName.from_urn(problem.type) if problem else None
    if name is ProblemName.INTERNAL:
        return UnreachableError(_retry_after(response))
    reason = next((known for known in Rejection if problem and known == problem.reason), None)
    return RefusedError(response.status_code, name, reason=reason, retry_after_seconds=_retry_after(response))


def _problem(response: httpx.Response, raw: bytes) -> Problem | None:
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        return None
    try:
        return Problem.model_validate_json(raw)
    except ValidationError:
        return None


def _retry_after(response: httpx.Response) -> int | None:
    """Return the seconds of Retry-After; its other form, a date, would need a clock that is right."""
    seconds = response.headers.get("retry-after", "")
    if not re.fullmatch("[0-9]{1,8}", seconds) or int(seconds) > MAX_RETRY_SECONDS:
        return None
    return int(seconds)
