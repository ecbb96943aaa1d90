"""Who is asked before a slot is taken: does the number exist, is it this person's, may it still be used?"""

import asyncio
import ipaddress
import re
import threading
from collections.abc import Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Protocol

import httpx
import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter, ValidationError

from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.person import BirthDate, Person, PersonError, mrz
from kiosk.central import tables as db
from kiosk.central.storage import Storage

ANSWER_SECONDS = 4.0  # RDV Service Public's own limit towards the coordination API
MAX_ANSWER_BYTES = 65_536
AT_ONCE = 8  # of the server's 40 workers: while a register is silent, the others serve whoever needs none


class Verdict(StrEnum):
    """All that a register can say of a number."""

    ACCEPTED = "accepted"
    AGDREF_UNKNOWN = "agdref-unknown"
    AGDREF_MISMATCH = "agdref-mismatch"
    ANTS_CONSUMED = "ants-consumed"
    ANTS_DECLARED = "ants-declared"
    ANTS_UNKNOWN = "ants-unknown"
    ANTS_EXPIRED = "ants-expired"


_VERDICTS: Mapping[str, Verdict] = {
    "validated": Verdict.ACCEPTED,
    "consumed": Verdict.ANTS_CONSUMED,
    "declared": Verdict.ANTS_DECLARED,
    "unknown": Verdict.ANTS_UNKNOWN,
    "expired": Verdict.ANTS_EXPIRED,
}


class RegisterSilent(Exception):  # noqa: N818 (it is an answer, not an error of ours)
    """A register gave no whole answer in time, or one that nobody can read: nothing is known of the number.

    The message is for developers and never holds the number or the token.
    """


class ForeignersRegister(Protocol):
    """Knows the numbers of residence permits."""

    def check(self, number: str, person: Person) -> Verdict:
        """Say whether the number (agdref) exists and is this person's, by surname and birth date as far as known.

        Blocks; raise RegisterSilent.
        """


class PreApplications(Protocol):
    """Knows the pre-applications for passports and identity cards."""

    def check(self, number: str) -> Verdict:
        """Say whether an appointment may be taken with the number (ants). Blocks; raise RegisterSilent."""


@dataclass(frozen=True, slots=True)
class EmbeddedForeigners:
    """Foreigners as this central's own database has them."""

    storage: Storage

    def check(self, number: str, person: Person) -> Verdict:
        """See ForeignersRegister.check."""
        query = sa.select(db.foreigners).where(db.foreigners.c.number == number)
        with self.storage.reading() as transaction:
            row = transaction.execute(query).mappings().one_or_none()
        if row is None:
            return Verdict.AGDREF_UNKNOWN
        try:
            born = BirthDate.from_iso(row["birth_date"])
        except PersonError:
            raise RegisterSilent("a birth date in the register is not readable") from None
        same = row["mrz_surname"] == mrz(person.surname) and _agree(born, person.birth_date)
        return Verdict.ACCEPTED if same else Verdict.AGDREF_MISMATCH


@dataclass(frozen=True, slots=True)
class EmbeddedPreApplications:
    """Pre-applications as this central's own database has them."""

    storage: Storage

    def check(self, number: str) -> Verdict:
        """See PreApplications.check."""
        query = sa.select(db.pre_applications.c.status).where(db.pre_applications.c.number == number)
        with self.storage.reading() as transaction:
            status = transaction.scalar(query)
        return Verdict.ANTS_UNKNOWN if status is None else _VERDICTS[status]


class _PreApplication(BaseModel):
    status: str


_ANSWER = TypeAdapter(dict[str, _PreApplication])


class CoordinationApi:
    """The coordination API of passports and identity cards, asked over HTTP."""

    def __init__(self, base_url: str, token: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Remember whom to ask; raise ValueError in one line if the address or the token cannot be right."""
        self._url = _status_url(base_url)
        if not re.fullmatch("[!-~]+", token):
            raise ValueError("the coordination API needs a token, one word of ASCII letters, digits and signs")
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # bytes are counted as they come, so they must not unfold later
            "x-rdv-opt-auth-token": token,
        }
        self._answer_seconds = answer_seconds
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._tls = httpx.create_ssl_context(trust_env=False)  # reading the authorities takes too long for each call

    def check(self, number: str) -> Verdict:
        """See PreApplications.check. Belongs in a worker thread; the deadline covers name, line and whole answer."""
        if not self._places.acquire(blocking=False):
            raise RegisterSilent("too many are waiting for it already")
        try:
            raw = _run(self._ask(number))
        except (httpx.HTTPError, OSError):
            # `from None`: the rejected request holds number and token, and a chained error would carry them into a log.
            raise RegisterSilent("no whole answer in time") from None
        finally:
            self._places.release()
        return _verdict(raw, number)

    async def _ask(self, number: str) -> bytes:
        request = httpx.Request("GET", self._url, params={"application_ids": number}, headers=self._headers)
        # A transport, not a client: it follows no redirect, reads no proxy from the environment, and logs no URL.
        async with (
            asyncio.timeout(self._answer_seconds),
            httpx.AsyncHTTPTransport(verify=self._tls) as transport,
            aclosing(await transport.handle_async_request(request)) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise RegisterSilent(f"status {response.status_code}")
            return await _bounded(response)


@dataclass(frozen=True, slots=True)
class Registers:
    """Every register that this central asks."""

    foreigners: ForeignersRegister
    pre_applications: PreApplications

    def check(self, person: Person, identifiers: Mapping[IdentifierKind, str]) -> Verdict:
        """Ask about each number, in its normal form; return the first verdict that is not `accepted`.

        Blocks; raise RegisterSilent.
        """
        verdicts = (self._check_one(person, kind, number) for kind, number in identifiers.items())
        return next((verdict for verdict in verdicts if verdict is not Verdict.ACCEPTED), Verdict.ACCEPTED)

    def _check_one(self, person: Person, kind: IdentifierKind, number: str) -> Verdict:
        match kind:
            case "agdref":
                return self.foreigners.check(number, person)
            case "ants":
                return self.pre_applications.check(number)
            case "neph":  # no register can be asked
                return Verdict.ACCEPTED


def _agree(one: BirthDate, other: BirthDate) -> bool:
    pairs = ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _status_url(base_url: str) -> httpx.URL:
    wrong = ValueError("the coordination API needs an address like https://host/api (http only on this machine)")
    try:
        url = httpx.URL(f"{base_url.rstrip('/')}/status")
    except httpx.InvalidURL:
        raise wrong from None
    scheme_is_right = url.scheme == "https" or (url.scheme == "http" and _is_this_machine(url.host))
    port_is_right = url.port is None or 0 < url.port < 65_536
    if not url.host or not scheme_is_right or not port_is_right or url.query or url.fragment or url.userinfo:
        raise wrong
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _run(asking: Coroutine[Any, Any, bytes]) -> bytes:
    """Run it on a loop of its own. asyncio.run would wait at its end for a name server that never answers."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(asking)
    finally:
        loop.close()


async def _bounded(response: httpx.Response) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise RegisterSilent(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return bytes(raw)


def _verdict(raw: bytes, number: str) -> Verdict:
    try:
        found = _ANSWER.validate_json(raw).get(number)
    except ValidationError:
        raise RegisterSilent("an answer that is not readable") from None
    verdict = _VERDICTS.get(found.status) if found else None
    if verdict is None:
        raise RegisterSilent("an answer about another number, or with a status that nobody defined")
    return verdict
