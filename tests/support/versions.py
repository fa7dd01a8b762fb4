"""What only newer versions of dependencies do."""

from __future__ import annotations

from importlib.metadata import version

OLD_AIOHTTP = "aiohttp before 3.14 limits neither the number of headers nor what stands in them"


def aiohttp_is_old() -> bool:
    """Tell whether aiohttp is so old that it takes what later versions refuse."""
    major, minor = version("aiohttp").split(".")[:2]
    return (int(major), int(minor)) < (3, 14)
