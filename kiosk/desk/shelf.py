"""What the central last published, kept for when it is silent: catalogue, keys, free places. Nobody's name is in it."""

import asyncio
import contextlib
import zlib
from typing import TypeVar

from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from kiosk.api import contract
from kiosk.journal.outbox import Outbox
from kiosk.statefile import StateFileError

CATALOGUE = "catalogue"
MAX_BYTES = 8_000_000  # of a document, unpacked

_Kept = TypeVar("_Kept", bound=BaseModel)


class Published(BaseModel):
    """What a shift works on: this kiosk, what can be booked and where, and to which key to seal."""

    model_config = ConfigDict(frozen=True)

    kiosk: contract.Kiosk
    demonstration: bool
    services: contract.Services
    sites: contract.Sites
    keys: Base64Bytes  # as they were fetched, with their signatures
    sealing_key: Base64Bytes


class Shelf:
    """Documents in the journal. One that cannot be kept, or read, is one that is not there."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def keep(self, published: Published) -> None:
        """Keep the catalogue in the place of the last one."""
        await self._keep(CATALOGUE, published)

    async def published(self) -> Published | None:
        """Return the catalogue as it was at the last sign-in that the central heard."""
        return await self._kept(CATALOGUE, Published)

    async def keep_offers(self, seen: contract.Availability) -> None:
        """Keep what was seen of a service: of each site its first free day, which is what can still be of use."""
        sites = [site.model_copy(update={"days": [day for day in site.days if day.free][:1]}) for site in seen.sites]
        await self._keep(_offers(seen.service), seen.model_copy(update={"sites": sites}))

    async def offers(self, service: str) -> contract.Availability | None:
        """Return what was last seen of a service; `checked_at` tells when."""
        return await self._kept(_offers(service), contract.Availability)

    async def _keep(self, name: str, document: BaseModel) -> None:
        with contextlib.suppress(StateFileError):
            await asyncio.to_thread(self._outbox.keep, name, zlib.compress(document.model_dump_json().encode()))

    async def _kept(self, name: str, kind: type[_Kept]) -> _Kept | None:
        try:
            packed = await asyncio.to_thread(self._outbox.kept, name)
            return None if packed is None else kind.model_validate_json(_unpacked(packed))
        except (StateFileError, zlib.error, ValidationError):  # of another version, say
            return None


def _offers(service: str) -> str:
    return f"offers/{service}"


def _unpacked(packed: bytes) -> bytes:
    return zlib.decompressobj().decompress(packed, MAX_BYTES)
