"""What the central signs and vouches for: the token of a booking, its identity tag, its line in the list of a day."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.booking.person import BirthDate
from kiosk.central import ticket_keys
from kiosk.central.identity import keyed
from kiosk.central.ticket_keys import Keys, whole_seconds
from kiosk.tickets import identity, token
from kiosk.tickets.cose import Signer
from kiosk.tickets.identity import bearer_of, quarter_of
from kiosk.tickets.keys import KeySet
from kiosk.tickets.manifest import Admission, Entry
from kiosk.tickets.token import Claims, code_of


class Issuer:
    """Signs with the keys that are in force in the transaction it is asked in; rows are those of wire.BOOKING."""

    def __init__(self, person_key: bytes) -> None:
        self._person_key = person_key
        self._last: Keys | None = None

    def token(self, transaction: Connection, row: sa.RowMapping) -> str | None:
        """Return the booking's token, the same for the same revision as long as its key stands; None: not booked.

        Raise BadTicketKey.
        """
        if row["status"] != "booked":
            return None
        keys = self._keys(transaction, row["key_set"])
        signer, issued_at = keys.signing(whole_seconds(row["changed_at"]))
        claims = Claims(
            row["reference"],
            issued_at,
            row["start_at"],
            row["minutes"],
            code_of(row["service"]),
            code_of(row["site"]),
            code_of(row["kiosk"]),
            self.tag(row),
            row["revision"],
        )
        return token.write(claims, signer)

    def entry_of(self, row: sa.RowMapping, admission: Admission | None = None) -> Entry:
        """Return the booking as the list of a day names it."""
        return Entry(
            row["reference"],
            self.tag(row),
            row["start_at"],
            row["minutes"],
            code_of(row["service"]),
            code_of(row["site"]),
            row["revision"],
            row["status"] == "cancelled",
            admission,
        )

    def tag(self, row: sa.RowMapping) -> bytes:
        """Return the booking's identity tag."""
        bearer = bearer_of(row["surname"], row["given_names"], BirthDate.from_iso(row["birth_date"]))
        return identity.tag(self.tag_key(row["site"], quarter_of(row["start_at"])), bearer, row["reference"])

    def tag_key(self, site: str, quarter: str) -> bytes:
        """Return the key of the identity tags of one site and quarter (`2027-Q1`)."""
        return bytes.fromhex(keyed(self._person_key, "site-tag", f"{site}/{quarter}"))

    def signer(self, transaction: Connection, now: dt.datetime) -> Signer:
        """Return the key that signs what is made now, such as the list of a day; raise BadTicketKey."""
        signer, _ = self._keys(transaction, ticket_keys.newest_number(transaction)).signing(whole_seconds(now))
        return signer

    def key_set(self, transaction: Connection) -> KeySet:
        """Return the keys by which tokens are verified; raise BadTicketKey."""
        return self._keys(transaction, ticket_keys.newest_number(transaction)).listed

    def published(self, transaction: Connection) -> bytes:
        """Return the list of keys as the root signed it; raise BadTicketKey."""
        return ticket_keys.published_list(transaction)

    def _keys(self, transaction: Connection, number: int | None) -> Keys:
        # Whoever reads an older view gets its keys, and leaves the newer ones to all others.
        last = self._last
        if last is not None and last.listed.number == number:
            return last
        found = ticket_keys.load_keys(transaction, self._person_key)
        if last is None or last.listed.number < found.listed.number:
            self._last = found
        return found
