"""A client in a process of its own: holds and books one slot until it is told that no place is left.

Started by path, with nothing but the standard library, so that sixteen of them start fast. Standard input is one line
of JSON, then one line to begin; standard output is one line of JSON per booking, then one with the last answer.
"""

import http.client
import json
import sys
import uuid
from typing import Any
from urllib.parse import urlsplit

LETTERS = "ABCDEFGHIJ"
TIMEOUT = 30

Json = dict[str, Any]


class Fighter:
    """One kiosk that asks several servers in turn, and asks the next one when a line is cut."""

    def __init__(self, name: str, token: str, servers: list[str]) -> None:
        """Connect to nobody yet."""
        self._name = name
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._lines = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT) for url in servers]
        self._turn = 0

    def fight(self, slot: str) -> Json:
        """Book until there is nothing left; return the answer that said so."""
        number = 0
        while True:
            number += 1
            someone = {"surname": _name(self._name, number), "given_names": "Issa", "birth_date": "1987-05-03"}
            status, answer = self.ask("/v1/holds", {"slot": slot, "persons": [someone]})
            if status != 201:
                return {"status": status, "answer": answer}
            request = {"hold": answer["id"], "persons": [someone], "consent": {"mode": "present"}}
            key = str(uuid.uuid4())
            status, answer = self.ask("/v1/bookings", request, key)
            if status not in {200, 201}:
                return {"status": status, "answer": answer}
            say({"key": key, "request": request, "answer": answer})

    def ask(self, path: str, body: Json, key: str | None = None) -> tuple[int, Json]:
        """Send it, again elsewhere if no answer comes: the same wish or the same key is the same intent."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        for _ in range(2 * len(self._lines)):
            self._turn += 1
            line = self._lines[self._turn % len(self._lines)]
            try:
                line.request("POST", path, json.dumps(body), headers)
                response = line.getresponse()
                return response.status, json.loads(response.read())
            except (OSError, http.client.HTTPException):
                line.close()
        return 0, {}


def say(message: Json) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _name(fighter: str, number: int) -> str:
    return "Test " + " ".join("".join(LETTERS[int(digit)] * 3 for digit in part) for part in (fighter, str(number)))


if __name__ == "__main__":
    told = json.loads(sys.stdin.readline())
    fighter = Fighter(told["name"], told["token"], told["servers"])
    say({"ready": True})
    sys.stdin.readline()
    say(fighter.fight(told["slot"]))
