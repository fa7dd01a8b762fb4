"""Replies without a network, and the ways to read them."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from multidict import CIMultiDict

from scenario_async import AssetSearch
from scenario_async._calls.call import Caller
from scenario_async._http import json as json_room
from scenario_async._http import typed
from scenario_async._http.reply import Reply, request_id
from scenario_async._http.transport import Answer
from scenario_async._paging.iteration import PageSource
from scenario_async._paging.pager import AsyncSearchPage
from scenario_async._paging.position import Position
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from scenario_async import Search
    from scenario_async._paging.page import LinkedPage

READERS: Final = ("typed", "untyped", "standard")
"""With msgspec into structs, with msgspec into dicts and lists, and with the standard library."""


@contextmanager
def reading(reader: str) -> Generator[None]:
    """Let all JSON be read and written in one of these ways."""
    standard = json_room._standard_loads, json_room._standard_dumps
    codec = standard if reader == "standard" else json_room._codec()
    read: Any = typed.read if reader == "typed" else _read_nothing
    with patch.object(json_room, "_codec", lambda: codec), patch.object(typed, "read", read):
        yield


def _read_nothing(*_: object) -> None:
    """Stand in for `typed.read` where there is no msgspec."""


def answered(content: object, status: int, **headers: str) -> Answer:
    """Give an answer with JSON, text or bytes in it; a header's `_` is a `-`."""
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    raw = content.encode() if isinstance(content, str) else content
    return Answer(
        status, CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}), raw
    )


def replied(content: object, **headers: str) -> Reply:
    """Give the same as a reply, of status 200."""
    answer = answered(content, 200, **headers)
    return Reply(
        status=answer.status,
        headers=answer.headers,
        request_id=request_id(answer.headers),
        content=answer.content,
    )


def page_of(
    reply: Reply, search: Search[Any] | None = None, *, invalid_hits: str = "raise"
) -> LinkedPage[Any]:
    """Read a reply as the first page of a search."""
    search = search or AssetSearch(query="q")
    source: PageSource[Any] = PageSource(search, AsyncSearchPage)
    return source._read(_caller(invalid_hits), reply, Position.first(search, default_size=None))


@cache
def _caller(invalid_hits: Any) -> Caller:
    return Caller.of(Settings(api_key="key", api_secret="secret", invalid_hits=invalid_hits))
