"""A site's day, signed: which appointments stand, so that a counter can check tickets without a network.

It names nobody. It holds the keys of the identity tags, which only confirm a guess: a counter keeps it to itself.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kiosk.tickets import cose
from kiosk.tickets.cose import BadMessageError, Signer
from kiosk.tickets.keys import KeySet
from kiosk.tickets.reference import BadReferenceError, from_bytes, to_bytes
from kiosk.tickets.token import CODE_BYTES, TAG_BYTES, instant

PURPOSE = b"rdv-manifest-v1"
_ISSUED, _SITE, _ZONE, _DATE, _SINCE, _TAG_KEYS, _ENTRIES = 6, -70010, -70011, -70012, -70013, -70014, -70015


class BadManifestError(ValueError):
    """Not the day of a site, or signed by nobody we know."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody was let in with this ticket: when, at which counter."""

    at: dt.datetime
    counter: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment as it stands: of this day, or of another since it was moved away from it."""

    reference: str
    tag: bytes
    start: dt.datetime
    minutes: int
    service: bytes  # code_of its id
    site: bytes
    revision: int
    cancelled: bool
    admission: Admission | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One day of one site on its own calendar. With `since`, only what changed from then on."""

    site: str
    zone: str  # IANA
    date: dt.date
    made_at: dt.datetime
    since: dt.datetime | None
    tag_keys: Mapping[str, bytes] = field(repr=False)  # by quarter, see kiosk.tickets.identity
    entries: Mapping[str, Entry] = field(repr=False)  # by reference

    def updated(self, changes: "Manifest") -> "Manifest":
        """Return this day with later changes; raise BadManifestError for those of another day, or with a gap before."""
        same = (changes.site, changes.date) == (self.site, self.date)
        if not same or changes.since is None or changes.since > self.made_at or changes.made_at < self.made_at:
            raise BadManifestError
        return replace(
            self,
            made_at=changes.made_at,
            tag_keys={**self.tag_keys, **changes.tag_keys},
            entries={**self.entries, **changes.entries},
        )


def write(manifest: Manifest, signer: Signer) -> bytes:
    """Return the day, signed by a key of tickets."""
    content = {
        _ISSUED: int(manifest.made_at.timestamp()),
        _SITE: manifest.site,
        _ZONE: manifest.zone,
        _DATE: manifest.date.isoformat(),
        _SINCE: None if manifest.since is None else int(manifest.since.timestamp()),
        _TAG_KEYS: dict(manifest.tag_keys),
        _ENTRIES: [_written(entry) for entry in manifest.entries.values()],
    }
    return cose.sign(content, signer, PURPOSE)


def read(raw: bytes, keys: KeySet) -> Manifest:
    """Return the day; raise BadManifestError."""
    try:
        message = cose.read(raw)
        key = keys.find(message.key_id)
        if key is None or key.revoked_at is not None or not message.is_signed_by(key.public, PURPOSE):
            raise BadManifestError
        return _read(message.content())
    except (BadMessageError, BadReferenceError, ValueError, TypeError, OverflowError):
        raise BadManifestError from None


def _read(content: Any) -> Manifest:
    match content:
        case {
            6: int(made),
            -70010: str(site),
            -70011: str(zone),
            -70012: str(date),
            -70013: int() | None as since,
            -70014: dict(tag_keys),
            -70015: list(entries),
            **others,
        } if not others:
            every = [_entry(entry) for entry in entries]
            if not all(isinstance(quarter, str) and isinstance(key, bytes) for quarter, key in tag_keys.items()):
                raise BadManifestError
            return Manifest(
                site,
                zone,
                dt.date.fromisoformat(date),
                instant(made),
                None if since is None else instant(since),
                tag_keys,
                {entry.reference: entry for entry in every},
            )
    raise BadManifestError


def _written(entry: Entry) -> list[object]:
    seen = entry.admission
    return [
        to_bytes(entry.reference),
        entry.tag,
        int(entry.start.timestamp()),
        entry.minutes,
        entry.service,
        entry.site,
        entry.revision,
        entry.cancelled,
        None if seen is None else [int(seen.at.timestamp()), seen.counter],
    ]


def _entry(raw: Any) -> Entry:
    match raw:
        case [
            bytes(packed),
            bytes(tag),
            int(start),
            int(minutes),
            bytes(service),
            bytes(site),
            int(revision),
            bool(cancelled),
            list() | None as seen,
        ] if (
            (len(tag), len(service), len(site)) == (TAG_BYTES, CODE_BYTES, CODE_BYTES)
            and 0 < minutes < 2**16
            and 0 < revision < 2**16
        ):
            reference = from_bytes(packed)
            return Entry(reference, tag, instant(start), minutes, service, site, revision, cancelled, _admission(seen))
    raise BadManifestError


def _admission(raw: Any) -> Admission | None:
    match raw:
        case None:
            return None
        case [int(at), str(counter)]:
            return Admission(instant(at), counter)
    raise BadManifestError
