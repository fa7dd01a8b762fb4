"""`client.search.with_raw_response`: the replies to searches as they came, which parse into pages when asked to."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from scenario_async._annotations import evaluable
from scenario_async._endpoints import Searches, methods
from scenario_async._paging.pager import AsyncSearchPage
from scenario_async._paging.position import Position
from scenario_async._support.hints import Pending, awaited, gives_coroutines
from scenario_async._support.loading import LOADING
from scenario_async.models import Hit
from scenario_async.pages import SearchPage
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async._http.reply import Reply
    from scenario_async._paging.iteration import Hand, PageSource
    from scenario_async.searches import Search
    from scenario_async.sync import SyncSearchPage

_HitT = TypeVar("_HitT", bound=Hit)
PageT_co = TypeVar("PageT_co", bound=SearchPage[Any], covariant=True)


@evaluable
class BaseAPIResponse(Generic[PageT_co]):
    """The reply to a search, unparsed."""

    def __init__(self, source: PageSource[Any], position: Position, reply: Reply) -> None:
        self._source = source
        self._position = position
        self._reply = reply
        self._page: SearchPage[Any] | None = None

    if not TYPE_CHECKING:  # a hint is no attribute

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            with LOADING:
                from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it

            raise moved.missing(self, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.status_code}, {len(self._reply.content)} bytes>"

    @property
    def status_code(self) -> int:
        """The status, below 300: an error is raised."""
        return self._reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; their names in any case."""
        return self._reply.headers

    @property
    def url(self) -> str:
        """The endpoint, without the query string."""
        return self._reply.url

    @property
    def method(self) -> str:
        """The request's method."""
        return self._reply.method

    @property
    def request_id(self) -> str | None:
        """The service's own name for the reply."""
        return self._reply.request_id

    @property
    def retries_taken(self) -> int:
        """How many attempts there were after the first."""
        return max(0, self._reply.attempts - 1)

    @property
    def elapsed(self) -> timedelta:
        """The time of the whole call, waits included."""
        return timedelta(seconds=self._reply.elapsed)

    @property
    def attempt_seconds(self) -> tuple[float, ...]:
        """How many seconds each attempt took."""
        return self._reply.attempt_seconds

    @property
    def waited_for_slot(self) -> float:
        """Seconds of waiting for a slot."""
        return self._reply.waited_for_slot

    @property
    def waited_for_quota(self) -> float:
        """Seconds of waiting for the quota of `rate_limit`."""
        return self._reply.waited_for_quota

    @property
    def waited_for_cool_down(self) -> float:
        """Seconds of waiting for the end of a cool-down."""
        return self._reply.waited_for_cool_down

    @property
    def queued(self) -> float:
        """The seconds of the three waits together."""
        return self._reply.queued

    def _text(self) -> str:
        return self._reply.content.decode(errors="replace")

    def _parsed(self) -> PageT_co:
        if self._page is None:
            self._page = self._source.page_of(self._reply, self._position)
        return cast("PageT_co", self._page)


class APIResponse(BaseAPIResponse[PageT_co]):
    """The reply to a search of a `Scenario`, unparsed."""

    def read(self) -> bytes:
        """Give the body."""
        return self._reply.content

    def text(self) -> str:
        """Give the body as a text."""
        return self._text()

    def json(self) -> Any:  # noqa: ANN401
        """Decode the body; `APIResponseValidationError` if it is not JSON."""
        return self._reply.json()

    def parse(self) -> PageT_co:
        """Give the page that the search would have given, the same one each time.

        Raises `APIResponseValidationError` if the reply is not what the service documents.
        """
        return self._parsed()

    def close(self) -> None:
        """Do nothing: the reply has been read whole."""


class AsyncAPIResponse(BaseAPIResponse[PageT_co]):
    """The reply to a search of an `AsyncScenario`, unparsed; its methods are awaited, and wait for nothing."""

    @awaited
    async def read(self) -> bytes:
        """Give the body."""
        return self._reply.content

    @awaited
    async def text(self) -> str:
        """Give the body as a text."""
        return self._text()

    @awaited
    async def json(self) -> Any:  # noqa: ANN401
        """Decode the body; `APIResponseValidationError` if it is not JSON."""
        return self._reply.json()

    @awaited
    async def parse(self) -> PageT_co:
        """Give the page that the search would have given, the same one each time.

        Raises `APIResponseValidationError` if the reply is not what the service documents.
        """
        return self._parsed()

    async def close(self) -> None:
        """Do nothing: the reply has been read whole."""


class RawSearches(Searches):
    """The searches of a client, with the reply in place of the page."""

    def __init__(self, searches: Searches) -> None:
        self._searches = searches

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join([*methods(), 'run'])}>"

    def _source(self, search: Search[_HitT], hand: Hand | None = None) -> PageSource[_HitT]:
        return self._searches._source(search, hand)  # noqa: SLF001 - of the same class


async def _fetched(source: PageSource[_HitT]) -> tuple[PageSource[_HitT], Position, Reply]:
    position = Position.first(source.search, default_size=None)
    return source, position, await source.reply_at(position)


@evaluable
class AsyncRawSearches(RawSearches):
    """The searches of an `AsyncScenario`: awaited, they give the reply as it came."""

    is_async = True
    result_class = Coroutine[Any, Any, AsyncAPIResponse[AsyncSearchPage[HitT_co]]]

    @gives_coroutines
    def run(self, search: Search[_HitT]) -> Coroutine[Any, Any, AsyncAPIResponse[AsyncSearchPage[_HitT]]]:
        """Run a search value; the method of its kind does the same."""
        try:
            source = self._source(search)
            return Pending(self._responded(source), f"with_raw_response.{source.search.kind}_search")
        finally:
            del search  # what is no search may be a mapping with a picture in it

    async def _responded(self, source: PageSource[_HitT]) -> AsyncAPIResponse[AsyncSearchPage[_HitT]]:
        return AsyncAPIResponse(*await _fetched(source))


@evaluable
class SyncRawSearches(RawSearches):
    """The searches of a `Scenario`: they give the reply as it came."""

    _blocking: Callable[[Callable[[], Any]], Any]

    def run(self, search: Search[_HitT]) -> APIResponse[SyncSearchPage[_HitT]]:
        """Run a search value; the method of its kind does the same."""
        try:
            return APIResponse(*self._blocking(partial(_fetched, self._source(search))))
        finally:
            del search  # as above


@cache
def blocking_searches(
    page_class: type[SearchPage[Any]], blocking: Callable[[Callable[[], Any]], Any]
) -> type[SyncRawSearches]:
    """Give the class of a `Scenario`'s, which stands above this room: what its pages are, and how it waits."""
    page: Any = page_class
    result: Any = APIResponse
    members = {"result_class": result[page[HitT_co]], "_blocking": staticmethod(blocking)}
    return type(SyncRawSearches.__name__, (SyncRawSearches,), members)
