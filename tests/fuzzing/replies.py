"""What must hold for whatever the service answers."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
from fuzzing.taking import Taker
from multidict import CIMultiDict
from support.reading import READERS, page_of, reading, replied

from scenario_async import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    InvalidSearchError,
)
from scenario_async._http import json as json_room
from scenario_async._http.inflating import Inflater
from scenario_async._http.reply import retry_after, status_error
from scenario_async._http.structure import structure_hits
from scenario_async._http.transport import Answer
from scenario_async._paging.page import (
    begins_where_asked,
    full_size,
    hinted_total,
    next_position,
    origin_of,
    received_ids,
)
from scenario_async._paging.token import read_token
from scenario_async.errors import ScenarioError, redact
from scenario_async.models import Hit, Thumbnail
from scenario_async.searches import AssetSearch, ModelSearch, WorkflowSearch

if TYPE_CHECKING:
    from scenario_async._paging.page import LinkedPage

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
_LONGEST_MESSAGE: Final = 2000


def read_json(data: bytes) -> None:
    """Both codecs read the same, or refuse the same with `ValueError`, and write what they read."""
    shallow = data.count(b"[") + data.count(b"{") < 200
    outcomes: list[Any] = []
    for reader in ("untyped", "standard"):
        with reading(reader):
            try:
                value = json_room.loads(data)
            except ValueError:
                outcomes.append(ValueError)
                continue
            outcomes.append(value)
            if not json_room.too_deep(value):
                assert json_room.loads(json_room.dumps(value)) == value
    if shallow:
        assert repr(outcomes[0]) == repr(outcomes[1])


def read_any_page(data: bytes) -> None:
    """A body is a page that can be used, shown, pickled and resumed from, or an error that can be too."""
    options, content = data[:1].ljust(1), data[1:]
    taker = Taker(bytes([options[0] % 3, options[0] // 3 % 2, options[0] // 6 % 3]))
    search: Any = taker.pick(SEARCHES)
    mode = "keep" if taker.byte() else "raise"
    with reading(taker.pick(READERS)):
        try:
            page = page_of(replied(content, x_request_id="r"), search, invalid_hits=mode)
        except APIResponseValidationError as error:
            check_error(error)
            return
        assert mode == "keep" or not page.invalid_hits
        _check_page(page)


def _check_page(page: LinkedPage[Any]) -> None:
    assert len(page.hits) + len(page.invalid_hits) == origin_of(page).received
    for hit in page.hits:
        _check_hit(hit)
    repr(page).encode()
    assert full_size(page) >= 1
    assert page.has_next_page() in (True, False)
    assert isinstance(begins_where_asked(page), bool)
    total = hinted_total(page)
    assert total is None or isinstance(total, int)
    copy = pickle.loads(pickle.dumps(page))  # noqa: S301 - made on this very line
    assert (copy.hits, copy.invalid_hits) == (page.hits, page.invalid_hits)
    assert copy.resume_token == page.resume_token
    position, digests = read_token(page.resume_token, page.search)
    assert position == next_position(page)
    assert len(digests) == len(set(received_ids(page)))


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
    with reading(taker.pick(("untyped", "standard"))):
        error = status_error(Answer(status, headers, taker.rest()))
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


def inflate_anything(data: bytes) -> None:
    """A body comes out the same whatever its chunks, never beyond the cap, or is refused with our own error."""
    taker = Taker(data)
    encoding, size = taker.pick(("gzip", "deflate")), taker.byte() + 1
    most = taker.pick((1, 100, 10_000))
    content = taker.rest()
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    assert _inflated(encoding, chunks, most) == _inflated(encoding, [content], most)


def _inflated(encoding: str, chunks: list[bytes], most: int) -> bytes | str:
    inflater = Inflater(encoding, most)
    body = b""
    try:
        for chunk in chunks:
            body += inflater.inflate(chunk)
        inflater.end()
    except APIResponseValidationError as error:
        check_error(error)
        assert inflater.taken <= most + 1
        return error.message
    assert inflater.taken == len(body) <= most
    return body


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
