"""What must hold for whatever the service answers."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import json
import pickle
import re
import sys
from contextlib import suppress
from functools import cache
from typing import Any, Final, Literal, cast
from unittest.mock import patch

import attrs
from fuzzing.taking import Taker
from multidict import CIMultiDict

from scenario_async import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    InvalidSearchError,
    SearchPage,
)
from scenario_async import _json as json_room
from scenario_async._structure import structure_hits
from scenario_async._wire import Reply, read_page, request_id, retry_after, status_error
from scenario_async.errors import ScenarioError, redact
from scenario_async.models import Hit, Thumbnail
from scenario_async.pages import Position, read_token
from scenario_async.searches import AssetSearch, ModelSearch, WorkflowSearch

SEARCHES: Final = (
    AssetSearch(query="knight"),
    ModelSearch(query="knight", limit=2, offset=4),
    WorkflowSearch(filter="a = 1", page=2, hits_per_page=1),
)
SECRET: Final = "s3cr3t-s3cr3t"
SECRETS: Final = (
    f"https://cdn.example/a?Policy=p&Signature={SECRET}",
    f"https://user:{SECRET}@host.example/a",
    f"Authorization: Bearer {SECRET}",
    f"Basic {SECRET}==",
    f"Bearer Bearer {SECRET}",
    f"data:image/png;base64,{SECRET}",
)
WEEK: Final = 7 * 24 * 3600
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")
_LONGEST_MESSAGE: Final = 2000


@cache
def codecs() -> tuple[Any, ...]:
    """Give both ways to read and write JSON."""
    json_room._codec.cache_clear()
    with patch.dict(sys.modules, {"orjson": None}):
        standard = json_room._codec()
    json_room._codec.cache_clear()
    return json_room._codec(), standard


def read_json(data: bytes) -> None:
    """Both codecs read the same, or refuse the same with `ValueError`, and write what they read."""
    shallow = data.count(b"[") + data.count(b"{") < 200
    outcomes: list[Any] = []
    for codec in codecs():
        with patch.object(json_room, "_codec", lambda codec=codec: codec):
            try:
                value = json_room.loads(data)
            except ValueError:
                outcomes.append(ValueError)
                continue
            outcomes.append(value)
            if not json_room.too_deep(value):
                assert json_room.loads(json_room.dumps(value)) == value
    if shallow and not _LONG_NUMBER.search(data):
        assert outcomes[0] == outcomes[1], outcomes


def read_any_page(data: bytes) -> None:
    """A body is a page that can be used, shown, pickled and resumed from, or an error that can be too."""
    options, content = data[:1].ljust(1), data[1:]
    taker = Taker(bytes([options[0] % 3, options[0] // 3 % 2, options[0] // 6 % 2]))
    search: Any = taker.pick(SEARCHES)
    mode: Literal["raise", "keep"] = "keep" if taker.byte() else "raise"
    codec = taker.pick(codecs())
    position = Position.first(search, default_size=None)
    reply = Reply(status=200, headers=CIMultiDict({"x-request-id": "r"}), request_id="r", content=content)
    with patch.object(json_room, "_codec", lambda: codec):
        try:
            page: SearchPage[Any] = read_page(reply, search, position, invalid_hits=mode)
        except APIResponseValidationError as error:
            check_error(error)
            return
        assert mode == "keep" or not page.invalid_hits
        _check_page(page)


def _check_page(page: SearchPage[Any]) -> None:
    assert type(page) is SearchPage
    assert len(page.hits) + len(page.invalid_hits) == page.received
    for hit in page.hits:
        _check_hit(hit)
    repr(page).encode()
    assert page.size >= 1
    assert page.has_next_page() in (True, False)
    assert isinstance(page.begins_where_asked, bool)
    assert page.hinted_total is None or isinstance(page.hinted_total, int)
    copy = pickle.loads(pickle.dumps(page))  # noqa: S301 - made on this very line
    assert (copy.hits, copy.invalid_hits) == (page.hits, page.invalid_hits)
    assert copy.resume_token == page.resume_token
    next_position, digests = read_token(page.resume_token, page.search)
    assert next_position == page.next_position
    assert len(digests) == len(set(page.ids))


def _check_hit(hit: Hit) -> None:
    assert isinstance(hit.id, str)
    hash(hit)
    written = hit.to_dict()
    (again,) = structure_hits([written], type(hit))
    assert again.to_dict() == written
    assert json.loads(json.dumps(written, ensure_ascii=False).encode()) == written
    assert repr(hit) == repr(_unsigned(hit))
    for name in ("created", "updated"):
        with suppress(ValueError):  # as the documentation says of a text that is no timestamp
            assert getattr(hit, name).tzinfo is not None


def _unsigned(record: Any) -> Any:
    """Give the same record with other query strings in its URLs."""
    changed: dict[str, Any] = {}
    fields: Any = attrs.fields(cast("Any", type(record)))
    for field in fields:
        value = getattr(record, field.name)
        if field.name == "url" and "?" in value:
            changed["url"] = value.partition("?")[0] + "?else"
        elif isinstance(value, Thumbnail):
            changed[field.name] = _unsigned(value)
    return attrs.evolve(record, **changed)


def check_error(error: ScenarioError, *, parameter: str = "") -> None:
    """An error can be shown, is short, and comes out of a pickle as it went in; it may have to name a parameter."""
    text = str(error)
    text.encode()
    repr(error).encode()
    assert text
    assert len(text) < _LONGEST_MESSAGE, text
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on this very line
    assert type(copy) is type(error)
    assert (str(copy), copy.message) == (text, error.message)
    if isinstance(error, InvalidSearchError):
        assert error.parameter.startswith(parameter or error.parameter[:1])
        assert error.parameter
    if isinstance(error, APIError):
        assert "\n" not in text
        assert copy.body == error.body  # type: ignore[attr-defined]


def read_any_status(data: bytes) -> None:
    """Any status from 300 up, with any headers and body, is one typed error."""
    taker = Taker(data)
    status = 300 + int.from_bytes(taker.take(2)) % 300
    names = (
        "retry-after",
        "retry-after-ms",
        "location",
        "x-request-id",
        "x-amzn-requestid",
        "content-type",
        "x",
    )
    headers = CIMultiDict((taker.pick(names), _header_text(taker)) for _ in range(taker.byte() % 4))
    codec = taker.pick(codecs())
    content = taker.rest()
    reply = Reply(status=status, headers=headers, request_id=request_id(headers), content=content)
    with patch.object(json_room, "_codec", lambda: codec):
        error = status_error(reply)
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert error.message.startswith(str(status))
    assert isinstance(error.details, dict)
    _check_wait(error.retry_after)
    check_error(error)


def _header_text(taker: Taker) -> str:
    """Give the value of a header: of one line."""
    return taker.chunk(80).translate(None, b"\r\n\0").decode("utf-8", "surrogateescape")


def read_any_wait(data: bytes) -> None:
    """A wait is nothing, or a number of seconds from 0 to a week."""
    name, _, content = data.partition(b":")
    text = content.decode("utf-8", "surrogateescape")
    header = "retry-after-ms" if name == b"ms" else "retry-after"
    for now in (None, 0.0, 1767225600.0):
        _check_wait(retry_after(CIMultiDict({header: text}), now))


def _check_wait(wait: float | None) -> None:
    assert wait is None or 0 <= wait <= WEEK, wait


def hide_secrets(data: bytes) -> None:
    """Whatever stands around a secret, it is not in what is left of the text."""
    taker = Taker(data)
    secret = taker.pick(SECRETS)
    around = [taker.rest().decode("utf-8", "replace")]
    before, _, after = around[0].partition("|")
    shown = redact(f"{before} {secret} {after}")
    assert SECRET not in shown, shown
    assert len(shown) <= 501
    assert "\n" not in shown
