"""The central API as a counter of a prefecture uses it: keys and days come in, notes of what was done go out."""

import datetime as dt

from kiosk.api import contract
from kiosk.api.client import Connection


class CounterClient:
    """Calls to one central under the token of one counter. Each raises UnreachableError or RefusedError."""

    def __init__(self, base_url: str, token: str) -> None:
        self._connection = Connection(base_url, token)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def health(self) -> contract.Health:
        """Ask whether the central is there, and what time it has."""
        return await self._connection.call("GET", "/v1/health", contract.Health)

    async def services(self) -> contract.Services:
        """Return all that can be booked."""
        return await self._connection.call("GET", "/v1/services", contract.Services)

    async def sites(self) -> contract.Sites:
        """Return every site."""
        return await self._connection.call("GET", "/v1/sites", contract.Sites)

    async def keys(self) -> bytes:
        """Return the signed list of keys of tickets."""
        return await self._connection.send("GET", "/.well-known/rdv-keys")

    async def manifest(self, site: str, date: dt.date, since: dt.datetime | None = None) -> bytes:
        """Return the signed day of a site; with `since`, only what changed from then on."""
        params = {"date": date.isoformat()} | ({"since": since.isoformat()} if since else {})
        return await self._connection.send("GET", f"/v1/sites/{site}/manifest", params=params)

    async def deliver(self, notes: contract.Notes) -> contract.Findings:
        """Hand over what was done here; unanswered, it may be handed over again: a note has its nonce."""
        return await self._connection.call("POST", "/v1/admissions", contract.Findings, body=notes)
