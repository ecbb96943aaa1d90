"""The central API over HTTP: one connection, on which every error is converted; on it the kiosk's calls.

The kiosk's only user of httpx.
"""

import re
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from kiosk.api import contract
from kiosk.api.problems import MEDIA_TYPE, Problem, ProblemName, Rejection

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
MAX_ANSWER_BYTES = 8_000_000
MAX_RETRY_SECONDS = 366 * 24 * 3600

_Answer = TypeVar("_Answer", bound=BaseModel)


class CentralError(Exception):
    """The central did not do what was asked."""


class UnreachableError(CentralError):
    """No answer, and nothing was changed by asking."""


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
    """A write left and no answer came: it may or may not have been done."""


class Connection:
    """One address, its HTTP connections, and the bearer token of whoever calls; `token` is sent with every request.

    Every call raises UnreachableError or RefusedError; one that is a write, with a key, also OutcomeUnknownError.
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
        key: str | None = None,
    ) -> _Answer:
        """Return the answer, read as JSON of the contract."""
        raw = await self.send(method, path, params=params, body=body, form=form, key=key)
        try:
            return answer.model_validate_json(raw)
        except ValidationError:
            # `from None`: the rejected answer may hold a name, and a chained error would carry it into a log.
            raise _no_answer(key) from None

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: BaseModel | None = None,
        form: dict[str, str] | None = None,
        key: str | None = None,
    ) -> bytes:
        """Return the body of the answer as it came; `body` is sent as JSON, `key` as Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        content = body.model_dump_json(exclude_none=True).encode() if body else None
        if content:
            headers["Content-Type"] = "application/json"
        try:
            async with self._http.stream(
                method, path, params=params, content=content, data=form, headers=headers
            ) as response:
                raw = await _bounded(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise UnreachableError from None
        except httpx.HTTPError:
            raise _no_answer(key) from None
        if response.is_success:
            return raw
        raise _refusal(response, raw, key)


class CentralClient:
    """Calls to one central. Reads raise UnreachableError or RefusedError; writes also OutcomeUnknownError."""

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

    async def hold(self, wanted: contract.HoldRequest) -> contract.Hold:
        """Keep a slot for minutes; the same request again gives the same hold, another one ends it.

        An unanswered hold runs out by itself, so it counts as not made.
        """
        return await self._connection.call("POST", "/v1/holds", contract.Hold, body=wanted)

    async def release(self, hold: str) -> None:
        """Give a held slot back."""
        await self._connection.send("DELETE", f"/v1/holds/{hold}")

    async def book(self, wanted: contract.BookingRequest, key: str) -> contract.Bookings:
        """Turn the hold into bookings; the same key twice is one booking.

        Raise OutcomeUnknownError when the request left and no answer came.
        """
        return await self._connection.call("POST", "/v1/bookings", contract.Bookings, body=wanted, key=key)

    async def booked_under(self, key: str) -> contract.Bookings | None:
        """Return what the intent with this key became; None if the central has nothing under it."""
        try:
            return await self._connection.call("GET", f"/v1/bookings/by-key/{key}", contract.Bookings)
        except RefusedError as refusal:
            if refusal.name is ProblemName.NOT_FOUND:
                return None
            raise

    async def keys(self) -> bytes:
        """Return the signed list of keys of tickets; nobody needs to be signed in."""
        return await self._connection.send("GET", "/.well-known/rdv-keys")

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


def _no_answer(key: str | None) -> CentralError:
    return OutcomeUnknownError() if key else UnreachableError()


def _refusal(response: httpx.Response, raw: bytes, key: str | None) -> CentralError:
    problem = _problem(response, raw)
    name = ProblemName.from_urn(problem.type) if problem else None
    # A proxy's or a broken server's 5xx says nothing about what was done; a problem that we know does.
    if response.status_code >= 500 and name in {None, ProblemName.INTERNAL}:
        return _no_answer(key)
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
