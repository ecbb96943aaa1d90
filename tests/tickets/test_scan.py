"""What a scanner typed, through every keyboard that may stand between it and the kiosk."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.tickets import token
from kiosk.tickets.identity import Bearer
from kiosk.tickets.reference import RANDOM_BITS, grouped, make_reference
from kiosk.tickets.scan import MAX_SCAN, Code, Ticket, Unknown, Zone, read_scan
from kiosk.tickets.token import AlteredError
from tests.tickets.zones import Document

BASE45 = string.digits + string.ascii_uppercase + " $%*+-./:"
# Which key, and whether with Shift, gives a character: as printed on the two keyboards, by the names of the key codes.
US_KEYS = {char: (f"Digit{char}", False) for char in string.digits}
US_KEYS |= {char: (f"Key{char}", True) for char in string.ascii_uppercase}
US_KEYS |= {char: (f"Digit{digit}", True) for char, digit in {"$": 4, "%": 5, "*": 8}.items()}
US_KEYS |= {"+": ("Equal", True), "-": ("Minus", False), ".": ("Period", False), "/": ("Slash", False)}
US_KEYS |= {":": ("Semicolon", True), "<": ("Comma", True), "]": ("BracketRight", False), " ": ("Space", False)}
FR_KEYS = {char: (f"Digit{char}", True) for char in string.digits}
FR_KEYS |= {char: (f"Key{char}", True) for char in string.ascii_uppercase}
FR_KEYS |= {"A": ("KeyQ", True), "Q": ("KeyA", True), "Z": ("KeyW", True), "W": ("KeyZ", True)}
FR_KEYS |= {"M": ("Semicolon", True), "$": ("BracketRight", False), "%": ("Quote", True), "*": ("Backslash", False)}
FR_KEYS |= {"+": ("Equal", True), "-": ("Digit6", False), ".": ("Comma", True), "/": ("Period", True)}
FR_KEYS |= {":": ("Period", False), "<": ("IntlBackslash", False), " ": ("Space", False)}
# What a key gives, without and with Shift, where it is not a letter that looks like its name.
US_GIVES = {f"Digit{digit}": digit + sign for digit, sign in zip("1234567890", "!@#$%^&*()", strict=True)}
US_GIVES |= {"Minus": "-_", "Equal": "=+", "BracketRight": "]}", "Semicolon": ";:", "Quote": "'\"", "Backslash": "\\|"}
US_GIVES |= {"Comma": ",<", "Period": ".>", "Slash": "/?", "IntlBackslash": "<>", "Space": "  "}
FR_GIVES = {f"Digit{digit}": sign + digit for digit, sign in zip("1234567890", "&é\"'(-è_çà", strict=True)}
FR_GIVES |= {"Minus": ")°", "Equal": "=+", "BracketRight": "$£", "Semicolon": "mM", "Quote": "ù%", "Backslash": "*µ"}
FR_GIVES |= {"Comma": ";.", "Period": ":/", "Slash": "!§", "IntlBackslash": "<>", "Space": "  "}
FR_GIVES |= {"KeyA": "qQ", "KeyQ": "aA", "KeyZ": "wW", "KeyW": "zZ", "KeyM": ",?"}

Keys = dict[str, tuple[str, bool]]


def through(scanner: Keys, computer: dict[str, str], lock: Callable[[str, str], str]) -> Callable[[str], str]:
    """Return how a text arrives that a scanner types by its keys on a computer with another keyboard."""

    def arrive(text: str) -> str:
        out = []
        for char in text:
            key, shift = scanner[char]
            gives = computer.get(key, key[-1].lower() + key[-1])
            plain, shifted = gives[0], gives[1]
            out.append(lock(shifted, plain) if shift else lock(plain, shifted))
        return "".join(out)

    return arrive


def no_lock(this: str, other: str) -> str:
    """Caps Lock is off."""
    return this


def letters_locked(this: str, other: str) -> str:
    """Caps Lock turns letters, accented ones as well."""
    return this.swapcase()


def all_locked(this: str, other: str) -> str:
    """Caps Lock turns every key: French keyboards may be set up so."""
    return other


MIX_UPS = {
    "none": through(US_KEYS, US_GIVES, no_lock),
    "none, capitals": through(US_KEYS, US_GIVES, letters_locked),
    "us on fr": through(US_KEYS, FR_GIVES, no_lock),
    "us on fr, capitals": through(US_KEYS, FR_GIVES, letters_locked),
    "us on fr, shift lock": through(US_KEYS, FR_GIVES, all_locked),
    "fr on us": through(FR_KEYS, US_GIVES, no_lock),
    "fr on us, capitals": through(FR_KEYS, US_GIVES, letters_locked),
}
by_mix_up = pytest.mark.parametrize("arrive", MIX_UPS.values(), ids=MIX_UPS.keys())
codes = st.integers(0, 2**RANDOM_BITS - 1).map(make_reference)
tickets = st.text(BASE45, max_size=216).map(lambda body: token.PREFIX + body.rstrip())


@by_mix_up
@settings(max_examples=40)
@given(text=tickets)
def test_a_ticket_arrives_whole_through_every_mix_up(arrive: Callable[[str], str], text: str) -> None:
    assert read_scan(arrive(text)) == Ticket(text)


@by_mix_up
def test_every_character_of_a_ticket_survives_every_mix_up(arrive: Callable[[str], str]) -> None:
    assert read_scan(arrive(token.PREFIX + BASE45 + ".")) == Ticket(token.PREFIX + BASE45 + ".")


@by_mix_up
@pytest.mark.parametrize("size", ["TD1", "TD2", "TD3"])
def test_a_zone_is_read_through_every_mix_up(arrive: Callable[[str], str], size: str) -> None:
    lines = Document(size, "AZMQW<KONE", "ELEONORE<MARIE", number="AZ9901234").lines()
    for between in ("", "\n", "\r\n"):
        scanned = between.join(arrive(line) for line in lines)
        assert read_scan(scanned) == Zone(Bearer("AZMQWKONE", "ELEONORE", "740812"))


def test_a_french_zone_is_read_where_the_key_of_the_filler_gives_a_backslash() -> None:
    lines = Document("TD1", "DIALLO", "MARIAM").lines()
    scanned = "\r".join(MIX_UPS["fr on us"](line).replace("<", "\\") for line in lines)
    assert read_scan(scanned) == Zone(Bearer("DIALLO", "MARIAM", "740812"))


@pytest.mark.parametrize("name", [name for name in MIX_UPS if "shift lock" not in name])
def test_a_code_is_read_through_every_mix_up_that_shows(name: str) -> None:
    reference = make_reference(0x3A_BC_DE_F0_12_34_56)
    assert read_scan(MIX_UPS[name](grouped(reference))) == Code(reference)


@given(codes)
def test_a_code_is_read_however_it_is_typed(reference: str) -> None:
    for typed in (reference, grouped(reference), reference.lower().replace("0", "o").replace("1", "l")):
        assert read_scan(f" {typed}\r\n") == Code(reference)


@given(codes, st.integers(0, 11), st.sampled_from(string.digits + string.ascii_uppercase))
def test_a_code_with_one_wrong_character_is_never_another_code(reference: str, place: int, char: str) -> None:
    typed = reference[:place] + char + reference[place + 1 :]
    assert read_scan(typed) in (Unknown(), Code(reference))


@pytest.mark.parametrize("symbology", ["Q1", "D2", "Z0"])
@pytest.mark.parametrize("name", MIX_UPS)
def test_the_symbology_before_a_ticket_is_taken_off(name: str, symbology: str) -> None:
    arrive = MIX_UPS[name]
    # A French scanner types the bracket with AltGr, of which little is left elsewhere.
    brackets = ["-", ""] if name.startswith("fr on us") else [arrive("]")]
    for bracket in brackets:
        assert read_scan(bracket + arrive(symbology + token.PREFIX + "6BFOXN")) == Ticket(token.PREFIX + "6BFOXN")


@pytest.mark.parametrize("text", ["]C17K4M", "]Q1"])
def test_a_symbology_before_nothing_of_ours_is_nothing_of_ours(text: str) -> None:
    assert read_scan(text) == Unknown()


@pytest.mark.parametrize("suffix", ["\r", "\n", "\r\n", "\t", "\x03", " \x04\r", "\u00a0"])
def test_what_a_scanner_adds_is_taken_off(suffix: str) -> None:
    assert read_scan("\x02" + token.PREFIX + "AB C" + suffix) == Ticket(token.PREFIX + "AB C")


def test_a_scanner_that_types_small_letters_is_understood() -> None:
    assert read_scan("rdv1:6bfoxn%a") == Ticket("RDV1:6BFOXN%A")
    assert read_scan("rdv&M-bfox,") == Ticket("RDV1:6BFOXM")


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_a_ticket_altered_inside_is_still_a_ticket_and_answered_so(inside: str) -> None:
    scan = read_scan(f"RDV1:{inside}é!")
    assert isinstance(scan, Ticket)
    with pytest.raises(AlteredError):
        token.read(scan.text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \r\n",
        "RDV-2027-000123",
        "RDV0:6BFOXN",
        "https://rendez-vous.example/RDV1:6BFOXN",
        "HTTPS://EXEMPLE.FR/7K4MQ2XP93TQ",
        "\x1b[20~",
        "3760123450017",
        "<" * 30,
        "RDV1:" + "A" * MAX_SCAN,
        "é" * 10_000,
    ],
)
def test_anything_else_is_unknown(text: str) -> None:
    assert isinstance(read_scan(text), Unknown)


def test_what_is_wrong_with_a_document_is_said() -> None:
    card = MIX_UPS["us on fr"]("IDFRA" + "DIALLO".ljust(31, "<")) + "\r" + MIX_UPS["us on fr"]("1" * 36)
    scan = read_scan(card)
    assert isinstance(scan, Unknown)
    assert "ancienne carte d'identité" in scan.sentence


@settings(max_examples=60)
@given(st.text(max_size=200) | st.text(BASE45 + "<\r\\", max_size=200))
def test_whatever_is_scanned_nothing_is_raised(text: str) -> None:
    assert isinstance(read_scan(text), Ticket | Code | Zone | Unknown)
