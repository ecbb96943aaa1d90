"""What the printing room's tests share."""

import functools
from collections.abc import Iterator

import pytest

from kiosk.printing import qr


@pytest.fixture(autouse=True, scope="session")
def drawn_once() -> Iterator[None]:
    """Work each code out once: hundreds of papers carry the same. The kiosk itself must not remember a ticket's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qr, "_matrix", functools.cache(qr._matrix))
        yield
