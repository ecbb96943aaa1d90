"""How a command of the central says that it cannot do what it was asked: one line on stderr."""

import sys

FAILED = 1


def fail(line: str) -> int:
    """Say the line and return the exit code."""
    sys.stderr.write(f"kiosk central: {line}\n")
    return FAILED


def reason(error: Exception) -> str:
    """Return what went wrong as the system or the database puts it, on one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    origin = getattr(error, "orig", None) or error
    return str(origin).splitlines()[0]
