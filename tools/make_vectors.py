"""Write docs/ticket-vectors.json: tickets, lists and names with what a verifier must make of each.

The keys are made from small numbers that stand in the file: for tests only, never for tickets. Run from the project's
root: python -m tools.make_vectors
"""

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from base45 import b45encode
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.booking.person import BirthDate, mrz
from kiosk.tickets import cose, keys, manifest, token
from kiosk.tickets.cose import Signer, signer_of
from kiosk.tickets.identity import Bearer, bearer_of, mrz_date, tag
from kiosk.tickets.keys import TicketKey
from kiosk.tickets.manifest import Admission, Entry, Manifest
from kiosk.tickets.reference import grouped, make_reference, to_bytes
from kiosk.tickets.token import Claims, code_of

TARGET = Path(__file__).parent.parent / "docs" / "ticket-vectors.json"
ABOUT = "Made by tools/make_vectors.py. The private keys are for tests only: whoever signs with them signs nothing."
SITE, OTHER_SITE, SERVICE, KIOSK, ZONE = "pref-93", "pref-75", "carte-sejour", "kiosk-93-1", "Europe/Paris"
START = dt.datetime(2027, 1, 12, 9, 20, tzinfo=dt.UTC)
ISSUED = dt.datetime(2026, 11, 23, 9, 5, 7, tzinfo=dt.UTC)
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
LISTED_AT = START - 10 * MINUTE
SECRETS = {"root": 9001, "old": 9002, "current": 9003, "revoked": 9004, "unknown": 9005, "other-root": 9006}
SITE_KEY, OTHER_QUARTER_KEY = bytes(range(32)), bytes(range(32, 64))
BORN = BirthDate(1987, 5, 3)
BEARER = bearer_of("N'Guessan-Koné", "Éléonore Marie", BORN)
NAMES = (
    "N'Guessan-Koné",
    "O’Brien",
    "İbrahimoğlu",
    "ılıcalı",
    "Öztürk",
    "Müller",
    "Großmann",
    "ẞ",
    "Đặng Thị",
    "Łukasik",
    "Þórðardóttir",
    "Åkesson",
    "Sørensen",
    "Ægisson",
    "Œuvrard",
    "Ħaż-Żebbuġ",
    "Gal·la",
    "Ŋ Ŧ ĸ Ĳ Ŀ",
    "Țepeș  de la\u00a0Forêt.",
    "Muñoz–Peña",
    "Ÿ ÿ ﬁ ǆ",
)
FOREIGN = ("北京", "Иванов", "محمد", "Δημήτρης", "Əliyev", "A1")


def signer(name: str) -> Signer:
    """Return a key for tests."""
    return signer_of(ec.derive_private_key(SECRETS[name], ec.SECP256R1()))


def ticket_key(name: str, begins: dt.datetime, ends: dt.datetime | None, revoked: dt.datetime | None) -> TicketKey:
    """Return the public half of a key for tests."""
    of = signer(name)
    return TicketKey(of.key_id, of.private.public_key(), begins, ends, revoked)


def root_of(name: str) -> str:
    """Return a root as verifiers pin it."""
    return keys.root_text(signer(name).private.public_key())


ROTATED = ISSUED - 5 * DAY
KEYS = (
    ticket_key("old", ISSUED - 200 * DAY, ROTATED, None),
    ticket_key("current", ROTATED, None, None),
    ticket_key("revoked", ISSUED - 200 * DAY, None, ISSUED + DAY),
)


def claims(number: int, **facts: Any) -> Claims:
    """Return an appointment; its person is always the same."""
    reference = make_reference(0x2B5C0FFEE11D07 + 97 * number)
    usual = Claims(
        reference,
        ISSUED,
        START,
        20,
        code_of(SERVICE),
        code_of(SITE),
        code_of(KIOSK),
        tag(SITE_KEY, BEARER, reference),
        1,
    )
    return dataclasses.replace(usual, **facts)


def entry(of: Claims, **facts: Any) -> Entry:
    """Return an appointment as a day lists it."""
    usual = Entry(of.reference, of.tag, of.start, of.minutes, of.service, of.site, of.revision, False, None)
    return dataclasses.replace(usual, **facts)


def day(*entries: Entry) -> Manifest:
    """Return the day of the site."""
    tag_keys = {"2027-Q1": SITE_KEY, "2026-Q4": OTHER_QUARTER_KEY}
    return Manifest(SITE, ZONE, START.date(), LISTED_AT, None, tag_keys, {each.reference: each for each in entries})


STANDS, CANCELLED, MOVED, SEEN, UNLISTED, NEW, NEWER, AWAY, YEAR_ONLY, CORRECTED = (claims(n) for n in range(10))
NEW = dataclasses.replace(NEW, issued_at=LISTED_AT)
NEWER = dataclasses.replace(NEWER, issued_at=LISTED_AT + MINUTE, revision=2)
AWAY = dataclasses.replace(AWAY, site=code_of(OTHER_SITE))
YEAR_ONLY = dataclasses.replace(
    YEAR_ONLY, tag=tag(SITE_KEY, dataclasses.replace(BEARER, birth_date="87<<<<"), YEAR_ONLY.reference)
)
MISSPELT = dataclasses.replace(
    CORRECTED, tag=tag(SITE_KEY, dataclasses.replace(BEARER, surname="NGUESAN"), CORRECTED.reference)
)
MANIFEST = day(
    entry(STANDS),
    entry(CANCELLED, cancelled=True, revision=2),
    entry(MOVED, start=START + DAY, revision=2),
    entry(SEEN, admission=Admission(START - 5 * MINUTE, "accueil-2")),
    entry(NEWER, start=START - HOUR, revision=1),
    entry(YEAR_ONLY),
    entry(CORRECTED, revision=2),
)


def shown(at: dt.datetime, text: str, state: str, **facts: Any) -> dict[str, Any]:
    """Return one ticket that is shown to a counter of the site, and the answer."""
    usual: dict[str, Any] = {"text": text, "at": _rfc3339(at), "site": SITE, "zone": ZONE, "manifest": True}
    asked = {"bearer": None, "person": "not-asked", "start": None}
    return usual | asked | facts | {"state": state}


def tickets() -> dict[str, dict[str, Any]]:
    """Return every ticket by what it shows."""
    current, good = signer("current"), token.write(STANDS, signer("current"))
    raw = cose.sign({6: 1}, current, token.PURPOSE)
    forged = good[:-1] + ("0" if good[-1] != "0" else "1")
    wrong_person = dataclasses.replace(BEARER, surname="NGUESSANKONA")
    match, mine = {"person": "match"}, {"bearer": _bearer(BEARER)}
    at_start, moved_to = {"start": _rfc3339(START)}, {"start": _rfc3339(START + DAY)}
    found: dict[str, dict[str, Any]] = {
        "valid": shown(START, good, "valid", **at_start),
        "valid, the right person": shown(START, good, "valid", **at_start, **mine, **match),
        "valid, another person": shown(
            START, good, "valid", **at_start, bearer=_bearer(wrong_person), person="no-match"
        ),
        "valid, another day of birth": shown(
            START,
            good,
            "valid",
            **at_start,
            bearer=_bearer(dataclasses.replace(BEARER, birth_date="870504")),
            person="no-match",
        ),
        "valid, a name that the document had to cut": shown(
            START,
            good,
            "valid",
            **at_start,
            bearer=_bearer(dataclasses.replace(BEARER, surname="NGUESSAN", may_be_cut=True)),
            person="name-cut",
        ),
        "valid, only the year was known when it was booked": shown(
            START, token.write(YEAR_ONLY, current), "valid", **at_start, **mine, **match
        ),
        "valid, the name was corrected since": shown(
            START, token.write(MISSPELT, current), "valid", **at_start, **mine, **match
        ),
        "valid, signed before the key was changed": shown(
            START,
            token.write(dataclasses.replace(STANDS, issued_at=ROTATED - HOUR), signer("old")),
            "valid",
            **at_start,
        ),
        "valid, nothing known of the day": shown(
            START, good, "valid", **at_start, manifest=False, **mine, person="no-key"
        ),
        "valid, newer than the list": shown(START, token.write(NEW, current), "valid", **at_start),
        "valid, moved after the list was made": shown(START, token.write(NEWER, current), "valid", **at_start),
        "valid, its last second": shown(START + 80 * MINUTE - dt.timedelta(seconds=1), good, "valid", **at_start),
        "not ours": shown(START, "https://example.org/ticket", "not-ours"),
        "not ours, lower case": shown(START, good.lower(), "not-ours"),
        "altered, another signature": shown(START, forged, "altered"),
        "altered, cut": shown(START, good[:-3], "altered"),
        "altered, more after the end": shown(START, good + "00", "altered"),
        "altered, another content": shown(START, _text(raw), "altered"),
        "altered, signed for another purpose": shown(START, _text(_other_purpose(current)), "altered"),
        "altered, by another key under this key's name": shown(
            START, token.write(STANDS, dataclasses.replace(signer("unknown"), key_id=current.key_id)), "altered"
        ),
        "unknown key": shown(START, token.write(STANDS, signer("unknown")), "unknown-key"),
        "unknown key, outside its time": shown(START, token.write(STANDS, signer("old")), "unknown-key"),
        "revoked key": shown(START, token.write(STANDS, signer("revoked")), "revoked-key"),
        "cancelled": shown(START, token.write(CANCELLED, current), "cancelled", **at_start),
        "moved": shown(START, token.write(MOVED, current), "moved", **moved_to),
        "wrong site": shown(START, token.write(AWAY, current), "wrong-site", **at_start, **mine, person="no-key"),
        "already admitted": shown(START, token.write(SEEN, current), "already-admitted", **at_start),
        "already admitted, the next day": shown(
            START + DAY, token.write(SEEN, current), "already-admitted", **at_start
        ),
        "expired": shown(START + 80 * MINUTE, good, "expired", **at_start),
        "expired, nothing known": shown(START + 80 * MINUTE, good, "expired", **at_start, manifest=False),
        "wrong day": shown(START - DAY, good, "wrong-day", **at_start),
        "wrong day, an hour before midnight on the site's clock": shown(
            dt.datetime(2027, 1, 11, 22, 59, tzinfo=dt.UTC), good, "wrong-day", **at_start
        ),
        "valid, just after midnight on the site's clock": shown(
            dt.datetime(2027, 1, 11, 23, 0, tzinfo=dt.UTC), good, "valid", **at_start
        ),
        "not listed": shown(START, token.write(UNLISTED, current), "not-listed", **at_start),
    }
    for name, text in _written_otherwise(current).items():
        found[f"altered, {name}"] = shown(START, text, "altered")
    return found


def made() -> str:
    """Return the whole file."""
    root, current = signer("root"), signer("current")
    listed = keys.write(3, ISSUED + DAY, KEYS, root)
    content = {
        "about": ABOUT,
        "private_keys_for_tests_only": {name: f"{number:064x}" for name, number in SECRETS.items()},
        "root": root_of("root"),
        "key_set": {"signed": listed.hex(), "keys": [_key(each) for each in KEYS]},
        "refused_key_sets": {
            "signed by another root": keys.write(4, ISSUED, KEYS, signer("other-root")).hex(),
            "a bit changed": (listed[:-1] + bytes([listed[-1] ^ 1])).hex(),
        },
        "manifest": manifest.write(MANIFEST, current).hex(),
        "refused_manifests": {
            "signed by a revoked key": manifest.write(MANIFEST, signer("revoked")).hex(),
            "signed by the root": manifest.write(MANIFEST, root).hex(),
        },
        "references": {grouped(each): to_bytes(each).hex() for each in (STANDS.reference, make_reference(0))},
        "refused_references": ["ATW1-ZZE2-787S", "ATW1-ZZE2-78R7", "0000-0000-0001"],
        "codes": {name: code_of(name).hex() for name in (SITE, OTHER_SITE, SERVICE, KIOSK)},
        "step_by_step": _steps(current),
        "names": {name: mrz(name) for name in NAMES},
        "names_without_latin_form": list(FOREIGN),
        "tags": [_tag(date) for date in (BORN, BirthDate(1987, 5), BirthDate(1987), BirthDate(2000, 12, 31))],
        "tickets": tickets(),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _steps(current: Signer) -> dict[str, Any]:
    """Return one ticket taken apart."""
    text = token.write(STANDS, current)
    message = token.read(text).message
    return {
        "reference": STANDS.reference,
        "issued_at": _rfc3339(STANDS.issued_at),
        "start": _rfc3339(STANDS.start),
        "minutes": STANDS.minutes,
        "expires_at": _rfc3339(STANDS.expires_at),
        "tag": STANDS.tag.hex(),
        "protected": message.protected.hex(),
        "payload": message.payload.hex(),
        "signed_bytes": cose.encode(["Signature1", message.protected, token.PURPOSE, message.payload]).hex(),
        "signature": message.signature.hex(),
        "message": cose.sign(message.content(), current, token.PURPOSE).hex(),
        "text": text,
    }


def _other_purpose(current: Signer) -> bytes:
    return cose.sign(token.read(token.write(STANDS, current)).message.content(), current, manifest.PURPOSE)


def _written_otherwise(current: Signer) -> dict[str, str]:
    """Return contents that no ticket has, rightly signed."""
    good = token.read(token.write(STANDS, current)).message.content()
    appointment = good[-70001]
    contents: dict[str, Any] = {
        "one claim more": {**good, 1: "x"},
        "one claim less": {key: value for key, value in good.items() if key != 6},
        "an end that does not fit its start": {**good, 4: good[4] + 1},
        "a check character that is wrong": {**good, 7: (int.from_bytes(good[7], "big") ^ 1).to_bytes(8, "big")},
        "no minutes": {**good, 4: good[4] - 1200, -70001: [appointment[0], 0, *appointment[2:]]},
        "no revision": {**good, -70001: [*appointment[:-1], 0]},
        "a short tag": {**good, -70001: [*appointment[:5], appointment[5][:9], appointment[6]]},
    }
    return {name: _text(cose.sign(content, current, token.PURPOSE)) for name, content in contents.items()}


def _text(raw: bytes) -> str:
    return token.PREFIX + bytes(b45encode(raw)).decode()


def _key(key: TicketKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id.hex(),
        "not_before": _rfc3339(key.not_before),
        "not_after": key.not_after and _rfc3339(key.not_after),
        "revoked_at": key.revoked_at and _rfc3339(key.revoked_at),
    }


def _tag(date: BirthDate) -> dict[str, str]:
    bearer = dataclasses.replace(BEARER, birth_date=mrz_date(date))
    return {
        "key": SITE_KEY.hex(),
        "surname": "N'Guessan-Koné",
        "given_names": "Éléonore Marie",
        "birth_date": date.iso(),
        "reference": STANDS.reference,
        "tag": tag(SITE_KEY, bearer, STANDS.reference).hex(),
    }


def _bearer(bearer: Bearer) -> dict[str, Any]:
    return dataclasses.asdict(bearer)


def _rfc3339(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    TARGET.write_text(made(), encoding="utf-8")
