"""Who a person is to the central: keyed fingerprints of a name as machines read it with its date, and of numbers."""

import hashlib
import hmac
from collections.abc import Mapping

from pydantic import BaseModel

from kiosk.api import contract
from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.person import BirthDate, Person, mrz
from kiosk.booking.person import edits as edits


def person_of(wire: contract.Identity) -> Person:
    """Return the domain's person; the wire model has validated each part."""
    return Person(wire.surname, wire.given_names, BirthDate.from_iso(wire.birth_date))


def identity_of(wire: contract.Identity) -> str:
    """Return `DIALLO<<MARIAM/1990-02-03`: what is compared of a person, in the letters of ICAO Doc 9303."""
    return f"{mrz(wire.surname)}<<{mrz(wire.given_names)}".rstrip("<") + f"/{wire.birth_date}"


def person_ref(key: bytes, identity: str) -> str:
    """Return the same 64 hex digits for the same person however accents, case or hyphens were typed.

    Keyed, because names and birth dates are few enough to be guessed from a plain hash.
    """
    # Name and date on a line each: so were the first fingerprints made, and those in databases must go on matching.
    return keyed(key, "person", identity.replace("/", "\n"))


def applicant_refs(key: bytes, applicant: contract.Applicant, numbers: Mapping[IdentifierKind, str]) -> list[str]:
    """Return every fingerprint by which the person is spoken for: the identity, each identifier, the document."""
    refs = [person_ref(key, identity_of(applicant))]
    refs += [keyed(key, kind, number) for kind, number in sorted(numbers.items())]
    if applicant.document and applicant.document.number:
        refs.append(keyed(key, f"document {applicant.document.kind}", applicant.document.number))
    return refs


def payload_hmac(key: bytes, subject: str, request: BaseModel) -> str:
    """Return the fingerprint by which the same request under the same Idempotency-Key is recognised."""
    return keyed(key, "payload", f"{subject}\n{request.model_dump_json()}")


def keyed(key: bytes, purpose: str, text: str) -> str:
    """Return HMAC-SHA256 in hex; what is hashed for one purpose never equals what is hashed for another."""
    return hmac.new(key, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()
