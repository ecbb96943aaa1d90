"""Text types of the wire: whatever crosses the network passes the one ingress cleaner by being parsed."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from kiosk.booking.text import clean

CleanText = Annotated[str, AfterValidator(clean)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$")]
