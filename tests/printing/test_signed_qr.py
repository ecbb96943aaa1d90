"""A signed ticket survives ink and paper, and carries nothing of the person.

500 invented bookings at both widths: the QR alone, several on one paper, through encoder, bytes and paper; whole
tickets for 10 of them at each width, for all when KIOSK_TICKET_WHOLE is set.
"""

import dataclasses
import datetime as dt
import itertools
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image, ImageOps

from kiosk.booking.person import Person
from kiosk.printing import escpos
from kiosk.printing.facts import Ticket
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form, Paper, form_for
from kiosk.printing.qr import PAPER_EDGE_DOTS, draw_qr
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import render
from kiosk.tickets import token
from kiosk.tickets.identity import bearer_of, tag
from kiosk.tickets.reference import grouped
from kiosk.tickets.verify import Here, State, knowledge_of, verify_token
from kiosk.tickets.verify import Person as Asked
from tests.tickets.builders import SIGNER, SITE, ZONE, bytes_of, claims, day_of, entry_of, key_set
from tests.tickets.identities import corpus

pytestmark = pytest.mark.xdist_group("signed qr")  # the modules of a code are made once

COUNT = 500
WHOLE = COUNT if os.environ.get("KIOSK_TICKET_WHOLE") else 10
PER_PAPER = 16  # QR codes, one below the other
MOST_VERSION = 10
SITE_KEY = bytes(range(1, 33))
KEYS = key_set()
WIDTHS: tuple[Paper, ...] = ("80mm", "58mm")
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
LEAST = 4  # letters or digits that are looked for together: fewer stand anywhere by chance


@dataclass(frozen=True)
class Booked:
    """A booking with all that nobody may read in its ticket."""

    person: Person
    document: str
    claims: token.Claims
    token: str


def _bookings() -> list[Booked]:
    chance = random.Random(500)  # noqa: S311 (invented)
    made = []
    for identity in corpus(COUNT, seed=8):
        surname, given_names = identity.written
        phone = f"+33{chance.choice('67')}{chance.randrange(10**8):08d}"
        person = Person(surname, given_names, identity.birth_date, phone)
        drawn = claims(chance)
        shown = bearer_of(person.surname, person.given_names, person.birth_date)
        said = dataclasses.replace(drawn, tag=tag(SITE_KEY, shown, drawn.reference))
        document = "".join(chance.choice("0123456789ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(9))
        made.append(Booked(person, document, said, token.write(said, SIGNER)))
    return made


BOOKED = _bookings()


def check(booked: Booked, text: str) -> None:
    """Hold what was scanned against the booking, as a counter of its site does."""
    day = day_of([entry_of(booked.claims)], {"2027-Q1": SITE_KEY}, date=booked.claims.start.date())
    shown = bearer_of(booked.person.surname, booked.person.given_names, booked.person.birth_date)
    here = Here(SITE, ZoneInfo(ZONE))
    verdict = verify_token(text, KEYS, knowledge_of(day, {}), here, booked.claims.start, shown)
    assert (verdict.state, verdict.person) == (State.VALID, Asked.MATCH)


def printed(pictures: Sequence[Image.Image], form: Form) -> Image.Image:
    """Return the paper that comes out for these pictures, one below the other, as a scanner sees it."""
    whole = Image.new("1", (form.dots, sum(picture.height for picture in pictures)), 1)
    rows, top = [], 0
    for picture in pictures:
        whole.paste(picture, ((form.dots - picture.width) // 2, top))
        rows.append((top, top + picture.height))
        top += picture.height
    [paper] = papers(escpos.encode(whole, form, rows), form.dots)
    return seen(paper)


def seen(paper: Image.Image) -> Image.Image:
    """Return a paper with the blank edge that the head does not reach."""
    return ImageOps.expand(paper.convert("L"), PAPER_EDGE_DOTS, 255)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("coarse", [False, True])
def test_the_code_on_paper_is_the_ticket(width: Paper, *, coarse: bool) -> None:
    form = dataclasses.replace(form_for(width), coarse=coarse)
    those = BOOKED if not coarse else BOOKED[:PER_PAPER]  # a code is never made coarse: a few show it
    for first in range(0, len(those), PER_PAPER):
        batch = those[first : first + PER_PAPER]
        paper = printed([draw_qr(booked.token, form.dots).image for booked in batch], form)
        codes = sorted(zxingcpp.read_barcodes(paper, formats=QR), key=lambda code: code.position.top_left.y)
        assert len(codes) == len(batch)
        for booked, code in zip(batch, codes, strict=True):
            assert code.text == booked.token
            assert int(cast("dict[str, str]", code.extra)["Version"]) <= MOST_VERSION
            assert code.ec_level == "Q"
            check(booked, code.text)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_code_of_a_whole_ticket_is_the_ticket(width: Paper) -> None:
    usual, form = sample(Kind.TICKET), form_for(width)
    assert isinstance(usual, Ticket)
    for booked in BOOKED[:WHOLE]:
        facts = dataclasses.replace(
            usual, person=booked.person.short_name(), token=booked.token, code=grouped(booked.claims.reference)
        )
        [paper] = papers(render(facts, form).payload, form.dots)
        [code] = zxingcpp.read_barcodes(seen(paper), formats=QR)
        check(booked, code.text)


def texts_about(booked: Booked) -> Iterator[str]:
    """Yield what names the person, as text."""
    person, born = booked.person, booked.person.birth_date
    for name in (person.surname, person.given_names, person.short_name(), person.full_name(), person.mrz_name()):
        yield from (name, name.upper(), name.lower(), *name.split(), *name.upper().split())
    yield from person.mrz_name().split("<")
    yield from (f"{letter}. {person.surname}" for letter in person.given_names[:1])
    year, month, day = f"{born.year:04d}", f"{born.month or 0:02d}", f"{born.day or 0:02d}"
    for parts in ((year, month, day), (day, month, year), (year[2:], month, day), (day, month, year[2:])):
        yield from (separator.join(parts) for separator in ("", "-", "/", "."))
    phone = (person.phone or "").removeprefix("+")
    yield from (phone, "0" + phone[2:], phone[-8:], phone[-6:])
    yield from (booked.document, booked.document.lower(), booked.document[:6], booked.document[-6:])


def bytes_about(booked: Booked) -> Iterator[bytes]:
    """Yield the same as bytes: letters in several codes, digits two to a byte, dates as days, numbers packed."""
    for text in texts_about(booked):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp858"):
            yield text.encode(encoding, "ignore")
        digits = "".join(char for char in text if char in "0123456789")
        if len(digits) >= 6:
            yield bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
            yield bytes.fromhex(digits.ljust(len(digits) + len(digits) % 2, "f"))
            yield from packed(int(digits))
    yield from packed(int(booked.document, 36))
    born = booked.person.birth_date
    day = dt.date(born.year, born.month or 1, born.day or 1)
    yield from packed(abs((day - dt.date(1970, 1, 1)).days) * 86_400)
    for epoch in (dt.date(1, 1, 1), dt.date(1900, 1, 1), dt.date(1970, 1, 1)):
        yield from packed(abs((day - epoch).days))
    yield from packed(born.year << 9 | (born.month or 0) << 5 | (born.day or 0))


def packed(number: int) -> Iterator[bytes]:
    """Yield a number in as many bytes as it needs and more, both ways round."""
    for size in (3, 4, 5, 8):
        if number >> 8 * (size - 1) and not number >> 8 * size:
            yield number.to_bytes(size, "big")
            yield number.to_bytes(size, "little")


def test_nothing_in_a_ticket_is_about_the_person() -> None:
    looked_for = 0
    for booked in BOOKED:
        raw = bytes_of(booked.token)
        message = token.read(booked.token).message
        texts = {text for text in texts_about(booked) if len(text) >= LEAST}
        codes = {code for code in bytes_about(booked) if len(code) >= LEAST - 1}
        assert not [text for text in texts if text in booked.token]
        assert not [code for code in codes if code in raw or code in message.payload]
        assert not [code for code in codes if code in message.payload[::-1]]
        looked_for += len(texts) + len(codes)
    assert looked_for > 50 * COUNT


def test_a_person_changes_ten_bytes_and_the_signature_only() -> None:
    for one, other in itertools.pairwise(BOOKED):
        instead = dataclasses.replace(one.claims, tag=other.claims.tag)
        mine, theirs = (token.read(text).message.payload for text in (one.token, token.write(instead, SIGNER)))
        differing = [at for at, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b]
        assert differing[-1] - differing[0] < token.TAG_BYTES
        assert mine.replace(one.claims.tag, b"") == theirs.replace(other.claims.tag, b"")


def test_what_is_looked_for_would_be_found() -> None:
    booked = BOOKED[0]
    texts, codes = set(texts_about(booked)), set(bytes_about(booked))
    assert booked.person.surname.upper() in texts
    assert booked.document.encode() in codes
    assert (booked.person.phone or "")[1:].encode() in codes
    born = booked.person.birth_date
    assert bytes.fromhex(f"{born.year:04d}{born.month or 0:02d}{born.day or 0:02d}") in codes
