"""What says who somebody is refuses to be written by accident: in a log, an error, a debugger's line."""


class Private:
    """A dataclass below this one takes `repr=False`; its fields are read one by one, by who means to."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return `<Person>`."""
        return f"<{type(self).__name__}>"

    def __str__(self) -> str:
        """Return the same."""
        return repr(self)

    def __format__(self, _: str) -> str:
        """Return the same, whatever the format."""
        return repr(self)
