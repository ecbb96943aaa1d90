"""Keys, tickets and days to test with; everything comes from a seed, so that a failure comes back."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterable, Mapping
from typing import Any

import cbor2
import cwt
from base45 import b45decode, b45encode
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cwt.cose_key_interface import COSEKeyInterface

from kiosk.tickets import cose, keys, token
from kiosk.tickets.cose import Signer, signer_of
from kiosk.tickets.keys import KeySet, TicketKey
from kiosk.tickets.manifest import Admission, Entry, Manifest
from kiosk.tickets.reference import RANDOM_BITS, make_reference
from kiosk.tickets.token import TAG_BYTES, Claims, code_of

SITE, OTHER_SITE, SERVICE, KIOSK = "pref-93", "pref-75", "carte-sejour", "kiosk-93-1"
ZONE = "Europe/Paris"
START = dt.datetime(2027, 1, 12, 9, 20, tzinfo=dt.UTC)
ISSUED = dt.datetime(2026, 11, 23, 9, 5, tzinfo=dt.UTC)
DAY = START.date()
HOUR = dt.timedelta(hours=1)
MONTH = dt.timedelta(days=30)


def fixed_signer(number: int) -> Signer:
    """Return the same key for the same number: for tests only, anybody can make it."""
    return signer_of(ec.derive_private_key(number, ec.SECP256R1()))


ROOT, SIGNER, STRANGER = fixed_signer(1001), fixed_signer(1002), fixed_signer(1003)


def ticket_key(signer: Signer = SIGNER, **facts: Any) -> TicketKey:
    """Return the public half, good from a month before the ticket was made."""
    usual: dict[str, Any] = {"not_before": ISSUED - MONTH, "not_after": None, "revoked_at": None}
    return TicketKey(signer.key_id, signer.private.public_key(), **(usual | facts))


def key_set(*listed: TicketKey) -> KeySet:
    """Return a list of keys as a verifier holds it."""
    return keys.read(keys.write(1, ISSUED, listed or [ticket_key()], ROOT), keys.root_text(ROOT.private.public_key()))


def claims(chance: random.Random | None = None, **facts: Any) -> Claims:
    """Return what the central says of an appointment; drawn, where there is something to draw from."""
    usual = Claims(
        reference=make_reference(0x2B5C0FFEE11D07),
        issued_at=ISSUED,
        start=START,
        minutes=20,
        service=code_of(SERVICE),
        site=code_of(SITE),
        kiosk=code_of(KIOSK),
        tag=bytes(range(TAG_BYTES)),
        revision=1,
    )
    if chance:
        usual = dataclasses.replace(
            usual,
            reference=make_reference(chance.getrandbits(RANDOM_BITS)),
            issued_at=ISSUED + dt.timedelta(seconds=chance.randrange(86_400)),
            start=START + dt.timedelta(minutes=5 * chance.randrange(100)),
            minutes=chance.choice((10, 15, 20, 30, 45, 300)),
            service=code_of(chance.choice((SERVICE, "passeport", "naturalisation"))),
            kiosk=code_of(f"kiosk-93-{chance.randrange(9)}"),
            tag=chance.randbytes(TAG_BYTES),
            revision=chance.randrange(1, 40),
        )
    return dataclasses.replace(usual, **facts)


def content(of: Claims) -> dict[int, Any]:
    """Return the claims as they are signed, written here a second time."""
    start = int(of.start.timestamp())
    return {
        4: start + of.minutes * 60 + 3600,
        6: int(of.issued_at.timestamp()),
        7: packed(of.reference),
        -70001: [start, of.minutes, of.service, of.site, of.kiosk, of.tag, of.revision],
    }


def packed(reference: str) -> bytes:
    """Return a reference in 8 bytes, by Python's own reader of numbers in base 32."""
    ours, pythons = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    return int(reference.translate(str.maketrans(ours, pythons)), 32).to_bytes(8, "big")


def text_of(raw: bytes) -> str:
    """Return bytes as the text of a QR."""
    return token.PREFIX + bytes(b45encode(raw)).decode()


def bytes_of(text: str) -> bytes:
    """Return the bytes in the text of a QR."""
    return bytes(b45decode(text.removeprefix(token.PREFIX)))


def signed(payload: object, signer: Signer = SIGNER, purpose: bytes = token.PURPOSE) -> str:
    """Return the text of a QR over any content, rightly signed."""
    return text_of(cose.sign(payload, signer, purpose))


def cwt_key(signer: Signer, *, private: bool = False) -> COSEKeyInterface:
    """Return the key as python-cwt knows it."""
    point = signer.private.public_key().public_numbers()
    key: dict[int, Any] = {1: 2, 2: signer.key_id, 3: -9, -1: 1}
    key |= {-2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    if private:
        key[-4] = signer.private.private_numbers().private_value.to_bytes(32, "big")
    return cwt.COSEKey.new(key)


def raw_message(parts: object) -> bytes:
    """Return a tagged message of any parts."""
    return cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)


def message_with(protected: bytes, payload: bytes, purpose: bytes, signer: Signer = SIGNER) -> bytes:
    """Return a message under any header and over any bytes, rightly signed."""
    to_sign = cbor2.dumps(["Signature1", protected, purpose, payload])
    r, s = decode_dss_signature(signer.private.sign(to_sign, ec.ECDSA(hashes.SHA256())))
    return raw_message([protected, {}, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big")])


def parts_of(message: bytes) -> list[Any]:
    """Return the four parts, by another reader than ours."""
    parts: list[Any] = cbor2.loads(message).value
    return parts


def entry_of(source: Claims, **facts: Any) -> Entry:
    """Return the line of a day's list for an appointment."""
    usual = Entry(
        source.reference,
        source.tag,
        source.start,
        source.minutes,
        source.service,
        source.site,
        source.revision,
        cancelled=False,
        admission=None,
    )
    return dataclasses.replace(usual, **facts)


def day_of(entries: Iterable[Entry], tag_keys: Mapping[str, bytes] | None = None, **facts: Any) -> Manifest:
    """Return the list of the day, made an hour before the appointment."""
    usual = Manifest(SITE, ZONE, DAY, START - HOUR, None, tag_keys or {}, {entry.reference: entry for entry in entries})
    return dataclasses.replace(usual, **facts)


def admitted(minutes_before_start: int = 10, counter: str = "accueil-2") -> Admission:
    """Return somebody's entry."""
    return Admission(START - dt.timedelta(minutes=minutes_before_start), counter)
