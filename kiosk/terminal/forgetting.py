"""What Textual and rich remember of texts that were on a screen: dropped at the end of a visit."""

import functools
import gc
import sys
from collections.abc import Iterator
from types import ModuleType

LIBRARIES = {"rich", "textual"}
_Cache = functools._lru_cache_wrapper


def set_program_aside() -> None:
    """Leave what is there now, before anybody came, out of every later search for what only points at itself.

    It is more than half of what there is, and each search would take twice as long.
    """
    if not gc.get_freeze_count():  # after a crash somebody may have been here
        gc.freeze()


def forget_texts() -> None:
    """Empty every cache of the libraries that draw, then give back what only pointed at itself.

    Most of these caches hold styles and measures, and are filled again by the next screen: to tell them apart would
    take a list that the next release makes wrong.
    """
    for cache in _caches():
        cache.cache_clear()
    gc.collect()


def _caches() -> "Iterator[_Cache[object]]":
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES:
            yield from _caches_in(module)
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    yield from _caches_in(value)


def _caches_in(owner: ModuleType | type) -> "Iterator[_Cache[object]]":
    for value in list(vars(owner).values()):
        found = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if isinstance(found, _Cache):
            yield found
