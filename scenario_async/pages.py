"""One page of hits, as users see it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, cast

import attrs

from scenario_async._annotations import evaluable
from scenario_async._support.hints import instead
from scenario_async.models import NOTHING, WithDict, short_repr, size_repr, wire_name
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.table import HitTable
    from scenario_async.searches import Search

LARGEST_PAGE: Final = 100
"""The most hits that the service gives a page."""
DEFAULT_PAGE: Final = 20
"""The hits that the service gives a page when it is asked for no number."""

COUNTS: Final = (
    "limit", "offset", "estimated_total_hits", "page", "hits_per_page", "total_hits", "total_pages",
)  # fmt: skip
"""What a page tells of its position and of how much there is."""

StopReason: TypeAlias = Literal["exhausted", "empty_page", "repeated_page", "window", "max_hits", "max_pages"]
"""Why an iteration ended: at a page that was not full, empty or a repetition, at the end of what an engine shows, or at
a limit of yours."""
USUAL_WINDOW: Final = 1000
"""How many hits of a search an engine shows, as a rule."""


@evaluable
@attrs.frozen(kw_only=True, repr=False)
class ResponseInfo:
    """What is known of a reply besides its hits: its status and headers, and where the time went."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """The headers of the reply."""
    request_id: str | None
    """The service's name for the request, None where it sent none."""
    method: str = "POST"
    """The HTTP method."""
    url: str = ""
    """The address, without its query string."""
    attempts: int = 1
    """How many requests it took."""
    attempt_seconds: tuple[float, ...] = ()
    """How many seconds each attempt took."""
    waited_for_slot: float = 0.0
    """Seconds of waiting for a slot."""
    waited_for_quota: float = 0.0
    """Seconds of waiting for the quota of `rate_limit`."""
    waited_for_cool_down: float = 0.0
    """Seconds of waiting for the end of a cool-down."""
    elapsed: float = attrs.field(default=0.0, repr="{:.3f}".format)
    """Seconds in all, from the call to the whole reply."""

    def __repr__(self) -> str:
        return short_repr(self, ("status", "method", "url", "request_id", "attempts", "elapsed"))

    @property
    def queued(self) -> float:
        """The seconds of the three waits together."""
        return self.waited_for_slot + self.waited_for_quota + self.waited_for_cool_down


_SHOWN: Final = 3


def _few(hits: Sequence[Any]) -> str:
    """Show how many hits there are, and the ids of the first."""
    ids = [hit.id for hit in hits[:_SHOWN]] + ["…"] * (len(hits) > _SHOWN)
    return f"<{len(hits)}{': ' * bool(ids)}{', '.join(ids)}>"


@evaluable
@attrs.frozen(kw_only=True, eq=False, repr=False)
class SearchPage(ABC, WithDict, Generic[HitT_co]):
    """One page of hits.

    A search by `limit` and `offset` sets `limit`, `offset` and `estimated_total_hits`; a search by `page` and
    `hits_per_page` sets `page`, `hits_per_page`, `total_hits` and `total_pages`. What the service did not send is
    None. Totals are estimates and may be wrong. A page has no length and is always true, because iterating it goes on
    to the following pages: count and test `page.hits`.
    """

    hits: list[HitT_co] = attrs.field(repr=False)
    """The hits of this page."""
    limit: int | None = None
    """The most hits that this page could have."""
    offset: int | None = None
    """How many hits come before this page."""
    estimated_total_hits: int | None = None
    """About how many hits there are in all."""
    page: int | None = None
    """The number of this page, from 1."""
    hits_per_page: int | None = None
    """The most hits that a page can have."""
    total_hits: int | None = None
    """How many hits there are in all, as the service counts them."""
    total_pages: int | None = None
    """How many pages there are in all, as the service counts them."""
    invalid_hits: Sequence[Any] = attrs.field(default=(), repr=size_repr)
    """The JSON of hits that do not fit the schema; empty unless the client has `invalid_hits="keep"`."""
    extra: Mapping[str, Any] = attrs.field(default=NOTHING, repr=False)
    """What the service sent beside the hits in fields that this version does not know."""
    response: ResponseInfo = attrs.field(repr=lambda response: f"<{response.status}>")
    """The reply that the page came in."""

    def __repr__(self) -> str:
        name, _, others = short_repr(self).partition("(")
        return f"{name}(hits={_few(self.hits)}, {others}"

    def __bool__(self) -> bool:
        return True

    if not TYPE_CHECKING:  # a hint is no attribute
        __len__ = instead("a page has no length, as iterating it goes on to others: write len(page.hits)")
        __getitem__ = instead("write page.hits[...]")

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it

            raise moved.missing(self, name)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON that the service sent, without nulls; hits that do not fit stand behind the others."""
        counts = {wire_name(name): getattr(self, name) for name in COUNTS}
        told = {name: value for name, value in {**counts, **self.extra}.items() if value is not None}
        return {"hits": [*(hit.to_dict() for hit in self.hits), *deepcopy(list(self.invalid_hits))], **told}

    def to_json(self, *, indent: int | None = None) -> str:
        """Give the same as a JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def _repr_html_(self) -> str:
        from scenario_async._looks.notebook import page_html  # noqa: PLC0415 - only notebooks ask for it

        return page_html(self, self._source)

    @property
    def table(self) -> HitTable[HitT_co]:
        """The hits of this page as a table: for data frames, SQL and files."""
        return table_of(self.hits, self.search, source=self._source)

    @property
    @abstractmethod
    def search(self) -> Search[HitT_co]:
        """The search that found this page."""

    @property
    def _source(self) -> PageSource[Any] | None:
        return None

    @abstractmethod
    def has_next_page(self) -> bool:
        """Tell whether another page may follow: this one is full."""

    @abstractmethod
    def next_page_info(self) -> dict[str, int] | None:
        """Give the parameters that ask for the following page; None at the end."""

    @property
    @abstractmethod
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after this page."""


def table_of(
    hits: Iterable[HitT_co],
    search: Search[HitT_co],
    stopped_because: StopReason | None = None,
    duplicates: int = 0,
    *,
    source: PageSource[Any] | None = None,
) -> HitTable[HitT_co]:
    """Give a table of a search's hits, of what the iteration that read them says, and of where they came from."""
    from scenario_async._tables.table import HitTable, found_by  # noqa: PLC0415 - the one door upwards, opened when used

    table: HitTable[HitT_co] = HitTable(hits, cast("type[HitT_co]", search.hit_class))
    table.stopped_because, table.duplicates = stopped_because, duplicates
    found_by(table, source)
    return table
