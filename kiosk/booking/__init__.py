"""The domain: who comes, for what, where and when. Pure: no I/O, no clock, no terminal."""
