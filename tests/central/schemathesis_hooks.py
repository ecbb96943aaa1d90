"""Sealed bodies for schemathesis: garbage, envelopes for a key that nobody has, and the description's own example.

Only what is sent knows its key and its path: the example is sealed at the last moment, to the central's own key.
"""

import functools
import json
from typing import Any

import httpx
import schemathesis
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import strategies as st

from kiosk.api import sealing
from kiosk.api.sealing import Binding, SealingKey
from tests.central.calls import sealing_key

EXAMPLE = b"the example of the operation, sealed"
_NOBODYS = sealing.key_of(X25519PrivateKey.generate().public_key())

schemathesis.openapi.media_type(
    sealing.MEDIA_TYPE,
    st.just(EXAMPLE)
    | st.binary(max_size=300)
    | st.builds(lambda body: sealing.seal(_NOBODYS, Binding("demo", "", "/v1/reports"), body), st.binary(max_size=50)),
)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Seal the example of the operation for this very request."""
    headers: dict[str, Any] = dict(case.headers or {})
    key = headers.get("Idempotency-Key")
    if case.body != EXAMPLE or key is None or case.meta is None or case.meta.generation.mode.is_negative:
        return  # where something is to be refused, the word as it is: it opens with no key
    content = case.operation.definition.raw["requestBody"]["content"]["application/json"]
    body = json.dumps(content["examples"]["example"]["value"]).encode()
    binding = Binding("demo", str(key), case.formatted_path)
    kwargs["data"] = sealing.seal(_key(str(case.operation.base_url)), binding, body)


@functools.cache
def _key(base_url: str) -> SealingKey:
    with httpx.Client(base_url=base_url) as client:
        return sealing_key(client)
