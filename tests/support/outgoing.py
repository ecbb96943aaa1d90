"""Sealed writes for tests that stand where a kiosk's journal would: straight at the client."""

import uuid

from pydantic import BaseModel

from kiosk.api import contract, sealing
from kiosk.api.client import CentralClient, SealedWrite
from kiosk.api.sealing import Binding
from kiosk.tickets import keys


async def sealed(client: CentralClient, path: str, body: BaseModel, key: str, kiosk: str = "demo") -> SealedWrite:
    """Return the write as the journal of that kiosk keeps it."""
    to = sealing.read_key(await client.sealing_key(), keys.read(await client.keys(), None))
    return SealedWrite(
        path, key, None, sealing.seal(to, Binding(kiosk, key, path), body.model_dump_json(exclude_none=True).encode())
    )


async def hold(client: CentralClient, wanted: contract.HoldRequest, kiosk: str = "demo") -> contract.Hold:
    """Keep a slot, under a new key."""
    return await client.write(await sealed(client, "/v1/holds", wanted, str(uuid.uuid4()), kiosk), contract.Hold)


async def book(client: CentralClient, wanted: contract.BookingRequest, key: str) -> contract.Bookings:
    """Book under that key."""
    return await client.write(await sealed(client, "/v1/bookings", wanted, key), contract.Bookings)
