import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.text import MAX_TEXT, clean, fold

HOSTILE = [
    "\x1b]52;c;cHduZWQ=\x07Bobigny",
    "\x1b[2JBobigny",
    "\x9b2JBobigny",
    "Bob\u202eigny",
    "Bobi\u200bgny",
    "Bobigny\x00\x1d\x56\x00",
]


def test_escape_bytes_bidi_and_printer_commands_do_not_pass() -> None:
    for text in HOSTILE:
        cleaned = clean(text)
        assert "Bobigny" in cleaned.replace("]52;c;cHduZWQ=", "").replace("[2J", "").replace("2J", "")
        assert not any(unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"} for c in cleaned)


@given(st.text(max_size=600))
def test_clean_text_is_one_short_line_and_cleaning_it_again_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_TEXT
    assert clean(cleaned) == cleaned
    assert "\n" not in cleaned
    assert cleaned == cleaned.strip()


def test_a_long_hostile_text_is_cut_and_piled_marks_are_thinned() -> None:
    assert len(clean("x" * 10_000)) == MAX_TEXT
    assert len(clean("e" + "\u0316" * 50)) == 4


def test_folding_forgets_case_accents_hyphens_and_apostrophes() -> None:
    assert fold("Évry-Courcouronnes") == "evry courcouronnes"
    assert fold("L'Haÿ-les-Roses") == "l hay les roses"
    assert fold("SAINT-DENIS") == fold("saint denis")
