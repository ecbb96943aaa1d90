"""Who a person is to the central: a keyed fingerprint of the name as machines read it and of the birth date."""

import hashlib
import hmac

from kiosk.api import contract
from kiosk.booking.person import BirthDate, Person


def person_of(wire: contract.Person) -> Person:
    """Return the domain's person; the wire model has validated each part."""
    return Person(wire.surname, wire.given_names, BirthDate.from_iso(wire.birth_date), wire.phone)


def person_ref(key: bytes, person: Person) -> str:
    """Return the same 64 hex digits for the same person however accents, case or hyphens were typed.

    Keyed, because names and birth dates are few enough to be guessed from a plain hash.
    """
    return _hmac(key, f"person\n{person.mrz_name()}\n{person.birth_date.iso()}")


def payload_hmac(key: bytes, request: contract.BookingRequest) -> str:
    """Return the fingerprint by which the same request under the same Idempotency-Key is recognised."""
    return _hmac(key, f"payload\n{request.model_dump_json()}")


def _hmac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
