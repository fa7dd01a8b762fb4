"""Resume tokens: where an iteration stands, as a text that tells nothing of the search but a digest."""

from __future__ import annotations

import base64
import hashlib
import json
import reprlib
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from scenario_async._paging.position import Position
from scenario_async.errors import InvalidSearchError
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scenario_async.models import Hit
    from scenario_async.searches import Search

_TOKEN_VERSION: Final = 1
_DIGEST_BYTES: Final = 6
NO_PART_OF_IT: Final = ("timeout", "deadline", "extra_headers")
"""What of a search does not decide what it finds."""


def make_token(
    search: Search[Hit], position: Position, delivered: Iterable[str], known: Iterable[bytes] = ()
) -> str:
    """Write down where an iteration stands; it tells nothing of the search but a digest.

    `delivered` are ids that may come again at that position, because hits shift or the page was cut; `known`
    are digests of such ids.
    """
    progress = {"next": position.number, "size": position.size or LARGEST_PAGE}
    return _token_of(search, progress, {*known, *map(id_digest, delivered)})


def make_scan_token(search: Search[Hit], progress: Mapping[str, Any], known: Iterable[bytes]) -> str:
    """Write down where a scan stands; `known` are digests of what may come again there."""
    return _token_of(search, {"scan": progress}, known)


def read_scan_token(token: str, search: Search[Hit]) -> tuple[dict[str, Any], frozenset[bytes]] | None:
    """Give how far the token of a scan came, and its digests, None for a token of an iteration; refuse like `read_token`."""
    progress = _token_content(token).get("scan")
    if progress is None:
        return None
    content = _checked_content(token, search)
    if not isinstance(progress, dict):
        raise damaged_token()
    return cast("dict[str, Any]", progress), _digests(content)


def damaged_token() -> InvalidSearchError:
    """Give the error of a token that cannot have been made here."""
    return _refused_token("is damaged")


def read_token(token: str, search: Search[Hit]) -> tuple[Position, frozenset[bytes]]:
    """Give the position and the digests of a token; refuse one of another search or version."""
    content = _checked_content(token, search)
    number, size = content.get("next"), content.get("size")
    start = Position.first(search, default_size=LARGEST_PAGE)
    if type(number) is not int or type(size) is not int or number < int(start.by_page) or size < 1:
        raise damaged_token()
    return Position(start.by_page, number, size), _digests(content)


def _token_of(search: Search[Hit], progress: Mapping[str, Any], known: Iterable[bytes]) -> str:
    digests = b"".join(sorted({*known}))
    content = {
        "v": _TOKEN_VERSION,
        "kind": search.kind,
        "search": search_digest(search),
        **progress,
        "seen": base64.b64encode(digests).decode("ascii"),
    }
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def _checked_content(token: str, search: Search[Hit]) -> dict[str, Any]:
    """Give what a token has in it; refuse one of another search or version."""
    content = _token_content(token)
    if content.get("v") != _TOKEN_VERSION:
        raise _refused_token(
            f"is of version {_shown(content.get('v'))}, but this package reads {_TOKEN_VERSION}"
        )
    if content.get("kind") != search.kind:
        raise _refused_token(f"is of a search of kind {_shown(content.get('kind'))}, not {search.kind!r}")
    if content.get("search") != search_digest(search):
        raise _refused_token(
            "belongs to a search with other parameters; resume with the very search it came from"
        )
    return content


def _digests(content: Mapping[str, Any]) -> frozenset[bytes]:
    try:
        digests = base64.b64decode(cast("str", content.get("seen")), validate=True)
    except (TypeError, ValueError):
        raise damaged_token() from None
    if len(digests) % _DIGEST_BYTES:
        raise damaged_token()
    each = range(0, len(digests), _DIGEST_BYTES)
    return frozenset(digests[i : i + _DIGEST_BYTES] for i in each)


def id_digest(identifier: str) -> bytes:
    """Give a short digest of a hit's id."""
    return hashlib.blake2b(identifier.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def _token_content(token: str) -> dict[str, Any]:
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (AttributeError, ValueError, RecursionError):
        raise _refused_token("is damaged, or is none") from None
    if not isinstance(content, dict):
        raise _refused_token("is damaged, or is none")
    return cast("dict[str, Any]", content)


def search_digest(search: Search[Hit]) -> str:
    """Give what two searches have in common if they find the same."""
    fields = (field.name for field in attrs.fields(type(search)) if field.name not in NO_PART_OF_IT)
    given = {name: getattr(search, name) for name in fields if getattr(search, name) is not None}
    if given.get("images") is not None:
        given["images"] = attrs.asdict(given["images"])
    try:
        text = json.dumps(given, sort_keys=True, separators=(",", ":"), default=repr)
    except (
        TypeError,
        ValueError,
    ):  # keys that have no order, or that no JSON has; a mapping that holds itself
        text = repr(given)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _shown(value: object) -> str:
    return reprlib.repr(value)[:80]


def _refused_token(rule: str) -> InvalidSearchError:
    return InvalidSearchError(f"token: this resume token {rule}", parameter="token")
