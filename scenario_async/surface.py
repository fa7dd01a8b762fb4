"""What both clients promise, said once: their endpoints, their documentation, their life.

An endpoint is one line in `Searches`. Its signature, its checks and its text are those of the search class;
its result is what `run` of the surface gives.
"""

from __future__ import annotations

import inspect
import threading
from abc import ABC, abstractmethod
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

import attrs

from scenario_async import _checks
from scenario_async._call import Caller
from scenario_async._fanout import Merge
from scenario_async._limits import Admission, slots_of
from scenario_async._paging import Run, Source
from scenario_async._wire import PreparedSearch, free_request, read_page
from scenario_async.errors import APIError, CleanFrames, ScenarioError
from scenario_async.models import Hit
from scenario_async.pages import LARGEST_PAGE, Position, SearchPage, read_token
from scenario_async.searches import AssetSearch, HitT_co, ModelSearch, Search, WorkflowSearch
from scenario_async.settings import Settings, signs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from scenario_async._fanout import Item
    from scenario_async._pagers import SearchPager
    from scenario_async._wire import Reply
    from scenario_async.client import AsyncSearches
    from scenario_async.sync import SyncSearches, SyncSearchPage

_P = ParamSpec("_P")
_HitT = TypeVar("_HitT", bound=Hit)
_ClientT = TypeVar("_ClientT", bound=Settings)
Order: TypeAlias = Literal["completed", "submitted"]
OnError: TypeAlias = Literal["raise", "yield"]


@attrs.frozen
class FanOutHit(Generic[HitT_co]):
    """A hit of one of several searches; `index` is that search's place in the input."""

    index: int
    search: Search[HitT_co]
    hit: HitT_co


@attrs.frozen
class FanOutError(Generic[HitT_co]):
    """What one of several searches failed with; `index` is that search's place in the input."""

    index: int
    search: Search[HitT_co]
    error: ScenarioError


class Endpoint(Protocol[_P, HitT_co]):
    """A method made of a search class: its parameters, and the result of the surface it is read from."""

    @overload
    def __get__(
        self, instance: AsyncSearches, owner: type | None = None, /
    ) -> Callable[_P, SearchPager[HitT_co]]: ...
    @overload
    def __get__(
        self, instance: SyncSearches, owner: type | None = None, /
    ) -> Callable[_P, SyncSearchPage[HitT_co]]: ...


def endpoint(search_class: Callable[_P, Search[_HitT]]) -> Endpoint[_P, _HitT]:
    """Make a method that builds a search of its keywords and runs it."""
    cls = cast("type[Search[_HitT]]", search_class)

    def method(self: Searches, /, **params: Any) -> object:  # noqa: ANN401
        try:
            search = cls(**params)
        finally:
            params.clear()  # an error must not carry a picture in this frame
        return self.run(search)

    result = f"the result of a search for {cls.hit_class.__name__}"
    method.__dict__["__signature__"] = _method_signature(search_class, return_annotation=result)
    method.__annotations__ = {}  # the signature has them
    method.__name__ = f"{cls.kind}_search"
    method.__qualname__ = f"Searches.{method.__name__}"
    method.__doc__ = documentation(cls)
    return cast("Endpoint[_P, _HitT]", method)


def documentation(search_class: type[Search[Any]]) -> str:
    """Put together what a search class and those it builds on say of their parameters."""
    texts = [inspect.cleandoc(cls.__doc__ or "") for cls in search_class.__mro__ if issubclass(cls, Search)]
    summary = texts[0].partition("\n\nArgs:")[0]
    arguments = [text.partition("\nArgs:\n")[2].partition("\n\n")[0] for text in reversed(texts)]
    listed = "\n".join(text for text in arguments if text)
    promise = (
        "The async client gives a `SearchPager` and sends nothing until that is awaited or iterated; the sync "
        "client sends the search at once and gives its `SyncSearchPage`."
    )
    return f"{summary}\n\n{promise}\n\nArgs:\n{listed}\n\nRaises `InvalidSearchError` before any request."


def _method_signature(function: Callable[..., Any], **changes: Any) -> inspect.Signature:  # noqa: ANN401
    signature = inspect.signature(function)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    return signature.replace(parameters=[itself, *signature.parameters.values()], **changes)


class Searches(ABC):
    """The searches of a client."""

    asset_search = endpoint(AssetSearch)
    model_search = endpoint(ModelSearch)
    workflow_search = endpoint(WorkflowSearch)

    def __init__(self, source_of: Callable[[Search[Any]], Source[Any]]) -> None:
        self._source_of = source_of

    @abstractmethod
    def run(self, search: Search[Any]) -> Any:  # noqa: ANN401
        """Run a search value; the method of its kind does the same."""

    def _source(self, search: Search[_HitT]) -> Source[_HitT]:
        with CleanFrames():
            if not isinstance(cast("object", search), Search):
                _checks.refuse(
                    "search",
                    type(search).__name__,
                    "it must be an AssetSearch, ModelSearch or WorkflowSearch",
                )
            return self._source_of(search)

    def _resumed(self, token: str, search: Search[_HitT]) -> tuple[Source[_HitT], Position]:
        """Give the way to a search's pages, and where on it a token stands."""
        source = self._source(search)
        position, known = read_token(token, search)
        return attrs.evolve(source, known=known), position

    def _merged(
        self, searches: AsyncIterator[Search[_HitT]], *, concurrency: int, max_hits: int | None, order: Order
    ) -> Merge[Search[_HitT], SearchPage[_HitT]]:
        """Run many searches, page by page."""

        def pages(search: Search[_HitT]) -> Run[_HitT]:
            source = self._source(search)
            start = Position.first(search, default_size=LARGEST_PAGE)
            return Run(source=source, start=start, max_hits=max_hits)

        return Merge(searches, pages, concurrency=concurrency, ordered=order == "submitted")


def check_fan_out(concurrency: int, max_hits: int | None, order: Order, on_error: OnError) -> None:
    """Refuse what `fan_out` cannot do."""
    if _checks.integer(concurrency, "concurrency", least=1) is None:
        _checks.refuse("concurrency", concurrency, "it must be an int")
    _checks.integer(max_hits, "max_hits", least=0)
    if order not in ("completed", "submitted"):
        _checks.refuse("order", order, 'it must be "completed" or "submitted"')
    if on_error not in ("raise", "yield"):
        _checks.refuse("on_error", on_error, 'it must be "raise" or "yield"')


def results(
    item: Item[Search[_HitT], SearchPage[_HitT]], on_error: OnError
) -> Iterator[FanOutHit[_HitT] | FanOutError[_HitT]]:
    """Give what a fan-out yields of one page, or of one search's error."""
    if item.value is not None:
        for hit in item.value.hits:
            yield FanOutHit(item.index, item.source, hit)
    elif isinstance(item.error, ScenarioError) and on_error == "yield":
        yield FanOutError(item.index, item.source, item.error)
    elif item.error is not None:
        raise item.error


class Options(Protocol[_P]):
    """`with_options`: the keywords of the settings, the class of the client it is read from."""

    def __get__(self, instance: _ClientT, owner: type | None = None, /) -> Callable[_P, _ClientT]: ...


def options(settings: Callable[_P, Settings], derive: Callable[[Any, dict[str, Any]], Any]) -> Options[_P]:
    """Make the method that gives a client like this one, but for some keywords."""

    def with_options(self: Client, /, **overrides: Any) -> Any:  # noqa: ANN401
        """Give a client like this one, but for the keywords that are given and not None.

        It shares connections, slots, cool-down and rate limit, unless they are what is overridden. Closing it
        leaves the shared connections open; closing the client it came from closes them for both.
        """
        try:
            return derive(self, overrides)
        finally:
            overrides.clear()

    with_options.__dict__["__signature__"] = _method_signature(settings)
    with_options.__annotations__ = {}  # the signature has them
    return cast("Options[_P]", with_options)


@attrs.frozen(kw_only=True, eq=False)
class Client(Settings):
    """What both clients are made of: settings, and the caller that makes the calls."""

    _caller: Caller = attrs.field(init=False, repr=False)
    _owns_pool: bool = attrs.field(init=False, repr=False, default=True)
    _closed: threading.Event = attrs.field(init=False, repr=False, factory=threading.Event)

    def __attrs_post_init__(self) -> None:
        Settings.__attrs_post_init__(self)
        self._check_session()
        object.__setattr__(self, "_caller", Caller.of(self))

    @property
    def is_closed(self) -> bool:
        """Whether this client can make no more calls."""
        return self._closed.is_set() or self._caller.pool.closed

    def _source(self, search: Search[_HitT]) -> Source[_HitT]:
        """Give the way to a search's pages; everything that can be wrong with it shows now."""
        with CleanFrames():
            self._check_open()
            prepared = PreparedSearch.of(search, self)
        caller, invalid_hits = self._caller, self.invalid_hits

        async def fetch(position: Position) -> SearchPage[_HitT]:
            request = prepared.at(position)
            reply = await caller.search(request)
            decode = partial(read_page, reply, search, position, invalid_hits=invalid_hits)
            with CleanFrames():
                try:
                    return await caller.in_turn(decode)
                except APIError as error:
                    caller.signer.hide_in(error)
                    error.method, error.url = request.method, request.place
                    for name in ("attempts", "attempt_seconds", "queued", "elapsed"):
                        setattr(error, name, getattr(reply, name))
                    raise

        return Source(search, fetch)

    def _check_open(self) -> None:
        if self.is_closed:
            raise ScenarioError("this client is closed")

    def _check_session(self) -> None:
        if self.session is not None and not callable(self.session) and not hasattr(self.session, "request"):
            rule = "it must be an aiohttp.ClientSession or a factory of one"
            _checks.refuse("session", type(self.session).__name__, rule)

    def _derived(self, overrides: Mapping[str, Any]) -> Self:
        given = {name: value for name, value in overrides.items() if value is not None}
        resigning_headers = signs(given.get("default_headers"))
        keywords = self._overridden(given)
        given = dict.fromkeys(given)  # only the names matter from here on
        try:
            derived = type(self)(**keywords)
        finally:
            del keywords, overrides
        old, new = self._caller, derived._caller  # noqa: SLF001 - another one of its own class
        resigned = any(name in given for name in ("api_key", "api_secret", "bearer_auth"))
        admission = Admission(
            slots=slots_of(derived.max_concurrency) if "max_concurrency" in given else old.admission.slots,
            cool_down=old.admission.cool_down,
            rate_limit=derived.rate_limit,
            turnstile=new.admission.turnstile if "rate_limit" in given else old.admission.turnstile,
        )
        caller = Caller(
            rules=new.rules,
            pool=new.pool if "session" in given else old.pool,
            admission=admission,
            signer=new.signer if resigned or resigning_headers else old.signer,
            budget=new.budget if "retry_budget" in given else old.budget,
            hooks=new.hooks,
            network=new.network,
            flights=new.flights,
            backoff=old.backoff,
            turns=old.turns,
        )
        object.__setattr__(derived, "_caller", caller)
        object.__setattr__(derived, "_owns_pool", "session" in given)
        return derived

    with_options = options(Settings, _derived)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        json: object,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        timeout: float | None,  # noqa: ASYNC109 - one attempt, not the call
    ) -> Reply:
        self._check_open()
        request = free_request(self, method, path, json=json, query=query, headers=headers, timeout=timeout)
        return await self._caller.call(request)

    async def _aclose(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            if self._owns_pool:
                await self._caller.pool.aclose()

    def __copy__(self) -> Self:
        return self._derived({})

    def __deepcopy__(self, memo: object) -> Self:
        return self._derived({})

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), self._pickled())


def _unpickled(cls: type[Client], keywords: dict[str, Any]) -> Client:
    return cls(**keywords)
