"""One page of hits, and where the next one begins."""

from __future__ import annotations

import base64
import hashlib
import json
import reprlib
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, cast

import attrs

from scenario_async.errors import InvalidSearchError
from scenario_async.models import Hit, size_repr
from scenario_async.searches import HitT_co, Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LARGEST_PAGE: Final = 100
"""The most hits that the service gives a page."""
DEFAULT_PAGE: Final = 20
"""The hits that the service gives a page when it is asked for no number."""

StopReason: TypeAlias = Literal["exhausted", "empty_page", "repeated_page", "max_hits", "max_pages"]
_TOKEN_VERSION: Final = 1
_DIGEST_BYTES: Final = 6


@attrs.frozen
class Position:
    """Where a page begins: after `number` hits, or as page `number`; `size` None leaves it to the service."""

    by_page: bool
    number: int
    size: int | None

    @classmethod
    def first(cls, search: Search[Hit], *, default_size: int | None) -> Position:
        """Give the position that a search names itself; a lone parameter gets its companion."""
        if search.page is not None or search.hits_per_page is not None:
            return cls(True, search.page or 1, search.hits_per_page or LARGEST_PAGE)  # noqa: FBT003
        alone = LARGEST_PAGE if search.offset is not None else default_size
        return cls(False, search.offset or 0, search.limit or alone)  # noqa: FBT003

    def members(self) -> dict[str, int]:
        """Give what travels in the body: nothing where no size is asked for."""
        if self.size is None:
            return {}
        if self.by_page:
            return {"page": self.number, "hitsPerPage": self.size}
        return {"limit": self.size, "offset": self.number}

    def after(self, received: int) -> Position:
        """Give the position of the page that follows one of so many hits."""
        step = 1 if self.by_page else received
        return Position(self.by_page, self.number + step, self.size or LARGEST_PAGE)


@attrs.frozen(kw_only=True)
class ResponseInfo:
    """What a page's reply was like, besides its hits.

    `attempts` counts the requests it took, `elapsed` the seconds from the call to the whole reply, `queued` those
    of them that went into waiting for a slot, for the pace and for a cool-down, `attempt_seconds` what each request
    took.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    request_id: str | None
    attempts: int = 1
    elapsed: float = 0.0
    queued: float = 0.0
    attempt_seconds: tuple[float, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class SearchPage(Generic[HitT_co]):
    """One page of hits.

    In offset paging `limit`, `offset` and `estimated_total_hits` are set, in page paging `page`,
    `hits_per_page`, `total_hits` and `total_pages`, as far as the service sent them; totals are hints and may
    be wrong. `invalid_hits` holds the JSON of hits that do not fit, with `invalid_hits="keep"`.
    A page has no length and is always true: iterating it goes on to the following pages.
    """

    hits: Sequence[HitT_co]
    limit: int | None = None
    offset: int | None = None
    estimated_total_hits: int | None = None
    page: int | None = None
    hits_per_page: int | None = None
    total_hits: int | None = None
    total_pages: int | None = None
    invalid_hits: Sequence[Any] = attrs.field(default=(), repr=size_repr)
    dropped: Sequence[str] = attrs.field(default=(), repr=size_repr)
    response: ResponseInfo
    search: Search[HitT_co]
    position: Position = attrs.field(repr=False)
    received: int = attrs.field(repr=False)

    def __bool__(self) -> bool:
        return True

    @property
    def size(self) -> int:
        """How many hits a full page of this kind has, by the request and by the reply."""
        told = self.hits_per_page if self.position.by_page else self.limit
        asked = self.position.size
        sizes = [size for size in (told, asked) if size is not None and size > 0]
        return min(sizes) if sizes else DEFAULT_PAGE

    @property
    def ids(self) -> list[str]:
        """The ids of all hits that the service gave, those `dropped` as delivered before included."""
        return [*self.dropped, *(hit.id for hit in self.hits)]

    @property
    def begins_where_asked(self) -> bool:
        """Whether the service says, or leaves open, that the page begins where it was asked to."""
        told = self.page if self.position.by_page else self.offset
        return told is None or told == self.position.number

    @property
    def hinted_total(self) -> int | None:
        """How many hits there may be in all, as the service guesses."""
        return self.total_hits if self.position.by_page else self.estimated_total_hits

    def has_next_page(self) -> bool:
        """Tell whether another page may follow: this one is full."""
        return self.received > 0 and self.received >= self.size

    @property
    def next_position(self) -> Position:
        """Where the following page begins."""
        return self.position.after(self.received)

    @property
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after this page."""
        return make_token(self.search, self.next_position, self.ids)


def make_token(
    search: Search[Hit], position: Position, delivered: Iterable[str], known: Iterable[bytes] = ()
) -> str:
    """Write down where an iteration stands; it tells nothing of the search but a digest.

    `delivered` are ids that may come again at that position, because hits shift or the page was cut; `known`
    are digests of such ids.
    """
    digests = b"".join(sorted({*known, *map(id_digest, delivered)}))
    content = {
        "v": _TOKEN_VERSION,
        "kind": search.kind,
        "search": _search_digest(search),
        "next": position.number,
        "size": position.size or LARGEST_PAGE,
        "seen": base64.b64encode(digests).decode("ascii"),
    }
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def read_token(token: str, search: Search[Hit]) -> tuple[Position, frozenset[bytes]]:
    """Give the position and the digests of a token; refuse one of another search or version."""
    content = _token_content(token)
    if content.get("v") != _TOKEN_VERSION:
        raise _refused_token(
            f"is of version {_shown(content.get('v'))}, but this package reads {_TOKEN_VERSION}"
        )
    if content.get("kind") != search.kind:
        raise _refused_token(f"is of a search of kind {_shown(content.get('kind'))}, not {search.kind!r}")
    if content.get("search") != _search_digest(search):
        raise _refused_token(
            "belongs to a search with other parameters; resume with the very search it came from"
        )
    number, size, seen = content.get("next"), content.get("size"), content.get("seen")
    start = Position.first(search, default_size=LARGEST_PAGE)
    if type(number) is not int or type(size) is not int or number < int(start.by_page) or size < 1:
        raise _refused_token("is damaged")
    try:
        digests = base64.b64decode(cast("str", seen), validate=True)
    except (TypeError, ValueError):
        raise _refused_token("is damaged") from None
    if len(digests) % _DIGEST_BYTES:
        raise _refused_token("is damaged")
    each = range(0, len(digests), _DIGEST_BYTES)
    return Position(start.by_page, number, size), frozenset(digests[i : i + _DIGEST_BYTES] for i in each)


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


def _search_digest(search: Search[Hit]) -> str:
    parts = {field.name: getattr(search, field.name) for field in attrs.fields(type(search))}
    for direction in ("timeout", "deadline", "extra_headers"):
        del parts[direction]
    given = {name: value for name, value in parts.items() if value is not None}
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
