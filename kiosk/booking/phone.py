"""Phone numbers of metropolitan and overseas France; any other country's in international form."""

import phonenumbers

from kiosk.booking.person import PersonError
from kiosk.booking.text import clean

# First valid region wins, as in RDV Service Public's phone_number_validation.rb. The short numbers of the Pacific and
# of Miquelon are taken with their country code only: a metropolitan number cut short looks like one of them.
REGIONS = ("FR", "GP", "GF", "MQ", "RE", "YT")


def parse_phone(typed: str) -> str | None:
    """Return the number as E.164, None if nothing is typed; raise PersonError with a sentence for the screen."""
    text = clean(typed, 40)
    if not text:
        return None
    for region in REGIONS:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise PersonError("Ce numéro n'existe pas. Exemple : 06 12 34 56 78. Sans téléphone : laissez vide.")


def spoken_phone(e164: str) -> str:
    """Return the number as it is read aloud in France: 06 12 34 56 78; abroad, with its country code."""
    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, style.NATIONAL if region in REGIONS else style.INTERNATIONAL)
