"""Machine-readable zones as issuers write them, for tests: an encoder of its own, from the tables of Doc 9303."""

from dataclasses import dataclass

WIDTHS = {"TD1": 30, "TD2": 36, "TD3": 44}
NAME_CHARS = {"TD1": 30, "TD2": 31, "TD3": 39}


@dataclass(frozen=True)
class Document:
    """What is written into a zone; all of it already in its letters."""

    size: str
    surname: str
    given_names: str = ""
    birth_date: str = "740812"
    number: str = "D23145890"
    expiry: str = "120415"
    personal: str = ""

    def name(self) -> str:
        """Return the name field, cut where there is no more room."""
        name = f"{self.surname}<<{self.given_names}" if self.given_names else self.surname
        return name[: NAME_CHARS[self.size]].ljust(NAME_CHARS[self.size], "<")

    def lines(self) -> list[str]:
        """Return the lines, check digits included."""
        return {"TD1": self._td1, "TD2": self._td2, "TD3": self._td3}[self.size]()

    def _td1(self) -> list[str]:
        number, rest = self._number(15)
        first = f"I<UTO{number}{rest}"
        dates = [_checked(self.birth_date), _checked(self.expiry)]
        second = f"{dates[0]}F{dates[1]}UTO{'':<<11}"
        return [first, second + check_digit(first[5:] + "".join(dates) + "<" * 11), self.name()]

    def _td2(self) -> list[str]:
        number, rest = self._number(7)
        dates = [_checked(self.birth_date), _checked(self.expiry)]
        second = f"{number}UTO{dates[0]}F{dates[1]}{rest}"
        return [f"I<UTO{self.name()}", second + check_digit(number + "".join(dates) + rest)]

    def _td3(self) -> list[str]:
        number = _checked(self.number.ljust(9, "<"))
        dates = [_checked(self.birth_date), _checked(self.expiry)]
        personal = _checked(self.personal.ljust(14, "<")) if self.personal else "<" * 15
        second = f"{number}UTO{dates[0]}F{dates[1]}{personal}"
        return [f"P<UTO{self.name()}", second + check_digit(number + "".join(dates) + personal)]

    def _number(self, room: int) -> tuple[str, str]:
        if len(self.number) <= 9:
            return _checked(self.number.ljust(9, "<")), "<" * room
        rest = self.number[9:] + check_digit(self.number)
        return f"{self.number[:9]}<", rest.ljust(room, "<")


def check_digit(covered: str) -> str:
    """Return the digit of Doc 9303 part 3, section 4.9."""
    values = (0 if char == "<" else int(char, 36) for char in covered)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def _checked(field: str) -> str:
    return field + check_digit(field)
