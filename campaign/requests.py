"""What is asked of the central, in the few kinds of which runs speak."""

BOOK, HOLD, APPLY, BY_KEY, HEALTH, READ = "book", "hold", "apply", "by-key", "health", "read"
WRITES = (BOOK, HOLD, APPLY)


def classed(method: str, path: str) -> str:
    """Return the kind of a request."""
    if method == "POST" and path in _POSTED:
        return _POSTED[path]
    if path.startswith("/v1/bookings/by-key/"):
        return BY_KEY
    return HEALTH if path == "/v1/health" else READ


_POSTED = {"/v1/bookings": BOOK, "/v1/holds": HOLD, "/v1/applications": APPLY}
