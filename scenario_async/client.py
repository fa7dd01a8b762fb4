"""The async client, and what both clients are made of."""

from __future__ import annotations

from copy import deepcopy
from inspect import Parameter, signature
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
)

import attrs

from scenario_async._annotations import AS_IT_IS, evaluable, evaluable_keywords
from scenario_async._calls.call import Caller
from scenario_async._endpoints import AsyncSearches, Searches
from scenario_async._http.request import free_request
from scenario_async._support import checks
from scenario_async._support.hints import ASYNC_WITH, awaited, guided, instead
from scenario_async._support.items import AsyncItems
from scenario_async._support.lifetimes import running_loop
from scenario_async._support.loading import LOADING
from scenario_async.errors import ScenarioError, drop_frames
from scenario_async.settings import Settings, can_be_off, configured

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from scenario_async._downloads.download import Download, DownloadProgress
    from scenario_async._http.reply import Reply

    # A client takes the keywords of its settings and has them as attributes: for checkers as if it were its settings.
    _Keywords = Settings
else:
    _Keywords = object

_P = ParamSpec("_P")
_T = TypeVar("_T")
_ClientT = TypeVar("_ClientT", bound="Client")


class Options(Protocol[_P]):
    """`with_options`: the keywords of the settings, the class of the client it is read from."""

    def __get__(self, instance: _ClientT, owner: type | None = None, /) -> Callable[_P, _ClientT]: ...


def _options(_: Callable[_P, Settings], /) -> Options[_P]:
    """Make the method that gives a client like this one, but for some keywords."""

    def with_options(self: Client, /, **overrides: Any) -> Any:  # noqa: ANN401
        """Give a client like this one, with other values for the keywords that you name.

        The new client shares connections, slots, cool-down and rate limit with this one, unless you name them.
        Closing it leaves the shared connections open; closing this client closes them for both. None switches off
        `deadline`, `rate_limit`, `project_id`, `proxy` and the hooks; for other keywords it is the same as not
        naming them.
        """
        try:
            return self._derived(overrides)  # pyright: ignore[reportPrivateUsage] - a method of the same class
        except ScenarioError as error:
            raise drop_frames(checks.hinted(error, overrides))  # noqa: B904 - the same error
        finally:
            overrides.clear()

    evaluable_keywords(with_options, Settings.__init__, **{"return": "Self"})
    return cast("Options[_P]", with_options)


@evaluable
class _Setting:
    """A setting as an attribute of a client; of its class it is the default, so that mocks know of it."""

    def __init__(self, field: attrs.Attribute[Any]) -> None:
        self._name = field.name
        self._default: object = {} if isinstance(field.default, cast("Any", attrs.Factory)) else field.default

    def __get__(self, client: Client | None, owner: type) -> Any:  # noqa: ANN401
        if client is None:
            return self._default
        settings = vars(client).get("settings")
        if settings is None:  # it has not come that far
            raise AttributeError(self._name)
        return getattr(settings, self._name)


class Client(_Keywords):
    """What both clients are: settings, and the caller that makes the calls.

    A setting is read as an attribute and cannot be changed. A derived class may take keywords and have attributes of
    its own, which `with_options`, copies and pickles keep.
    """

    settings: Settings
    search: Any
    _searches_class: ClassVar[type[Searches]]
    _caller: Caller
    _owns_pool: bool

    if not TYPE_CHECKING:  # checkers take the keywords and the attributes from the settings

        def __init__(self, *values: Any, **keywords: Any) -> None:  # noqa: ANN401
            try:
                self._refuse_unknown(keywords, values)
                settings = Settings.of(keywords)
                caller = configured(lambda: Caller.of(settings))
            except ScenarioError as error:
                raise drop_frames(checks.hinted(error, keywords))  # noqa: B904 - the same error
            finally:
                keywords.clear()  # no error is to carry a key in this frame
                del values
            self._begin(settings, caller, owns_pool=True)

        evaluable_keywords(__init__, Settings.__init__)

        def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401
            super().__init_subclass__(**options)
            own = {name for each in cls.__mro__[: cls.__mro__.index(Client)] for name in vars(each)}
            for name in filter(_is_setting, sorted(own)):
                raise TypeError(_UNHEARD.format(name, cls.__name__))

        def __setattr__(self, name: str, value: object) -> None:
            _check_changeable(self, name)
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            _check_changeable(self, name)
            object.__delattr__(self, name)

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            try:
                return object.__getattribute__(self, name)  # which raises, also what a property raised
            except AttributeError:
                if hasattr(type(self), name):
                    raise
            with LOADING:
                from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it
            raise moved.missing(self, name)

    with_options: Final = _options(Settings)
    copy: Final = with_options

    @property
    def is_closed(self) -> bool:
        """Whether this client is closed, and makes no more calls."""
        return self._caller.is_closed

    def __repr__(self) -> str:
        settings = vars(self).get("settings", "(…)")  # it may not have come that far
        return type(self).__name__ + repr(settings).removeprefix(type(settings).__name__)

    def __copy__(self) -> Self:
        return self._derived({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = self._derived({})
        _take_over(copied, deepcopy(_own(self), memo))
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        keywords = self.settings.pickled()
        return _unpickled, (type(self), keywords, self.settings.switched_off(), _own(self))

    def _begin(self, settings: Settings, caller: Caller, *, owns_pool: bool) -> None:
        parts = {"settings": settings, "_caller": caller, "_owns_pool": owns_pool}
        vars(self).update(parts, search=self._searches_class(caller))  # derived classes may guard attributes

    def _refuse_unknown(self, keywords: Mapping[str, Any], values: Sequence[object] = ()) -> None:
        call = type(self).__name__
        if values:
            del values  # they may be a key and its secret
            raise TypeError(f"{call}() takes no positional arguments: write api_key=..., api_secret=...")
        fault = checks.wrong_arguments(call, (), keywords, list(attrs.fields_dict(Settings)))
        if fault is not None:
            raise fault

    def _derived(self, overrides: Mapping[str, Any]) -> Self:
        if (own := _own_keyword(type(self), overrides)) is not None:
            with LOADING:
                from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it
            raise moved.of_its_own(type(self), own)
        self._refuse_unknown(overrides)
        settings = self.settings.derived(overrides)
        changed = {name for name, value in overrides.items() if value is not None or can_be_off(name)}
        derived = object.__new__(type(self))
        _take_over(derived, _own(self))
        caller = configured(lambda: self._caller.sharing(settings, changed))
        derived._begin(settings, caller, owns_pool="session" in changed)
        return derived

    async def _aclose(self) -> None:
        running_loop()
        self._caller.closed.set()
        if self._owns_pool:
            await self._caller.pool.aclose()


for _field in attrs.fields(Settings):
    setattr(Client, _field.name, _Setting(_field))

_SET_ONCE: Final = ("settings", "_caller", "_owns_pool")
PARTS: Final = (*_SET_ONCE, "search")
"""What makes a client one, besides the attributes of derived classes; tests may put another `search` there."""
_UNCHANGED: Final = "{0} is a setting of this client, which stays as it is: client.with_options({0}=...) gives a client with another"
_PART_UNCHANGED: Final = "{0} is a part of this client, which stays as it is: client.with_options(...) gives a client with other settings"
_UNHEARD: Final = (
    "{1}.{0} has the name of a setting, which a class cannot give as an attribute: call super().__init__({0}=...) in "
    "{1}.__init__, write {1}({0}=...), or give the attribute another name"
)


def _is_setting(name: str) -> bool:
    return name in attrs.fields_dict(Settings)


def _check_changeable(client: Client, name: str) -> None:
    """Refuse to change or delete a setting, or a part that a client has already."""
    if _is_setting(name):
        raise AttributeError(_UNCHANGED.format(name))
    if name in _SET_ONCE and name in vars(client):
        raise AttributeError(_PART_UNCHANGED.format(name))


_Own: TypeAlias = tuple[dict[str, Any], dict[str, Any]]


def _own_keyword(cls: type[Client], overrides: Iterable[str]) -> str | None:
    """Give which of these a derived class takes beside the settings."""
    unknown = [name for name in overrides if not _is_setting(name)]
    if not unknown:
        return None
    own: set[str] = set()
    for each in cls.__mro__[: cls.__mro__.index(Client)]:
        if "__init__" in vars(each):
            parameters = signature(vars(each)["__init__"]).parameters.values()
            named = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
            own |= {parameter.name for parameter in parameters if parameter.kind in named}
    return next((name for name in unknown if name in own), None)


def _own(client: Client) -> _Own:
    """Give what a derived class keeps in its instances: attributes, and slots."""
    state: object = object.__getstate__(client)
    attributes, slots = cast("_Own", state if isinstance(state, tuple) else (state, {}))
    return {name: value for name, value in attributes.items() if name not in PARTS}, slots


def _take_over(client: Client, own: _Own) -> None:
    attributes, slots = own
    vars(client).update(attributes)
    for name, value in slots.items():
        object.__setattr__(client, name, value)


def _unpickled(cls: type[Client], keywords: dict[str, Any], off: frozenset[str], own: _Own) -> Client:
    client = object.__new__(cls)
    _take_over(client, own)
    settings = Settings.of(keywords, off=off)
    client._begin(settings, Caller.of(settings), owns_pool=True)  # pyright: ignore[reportPrivateUsage]
    return client


@evaluable
class AsyncScenario(Client):
    """The client for asyncio.

    It can be built where no event loop runs, and works on several, one after another or at once. Use it with
    `async with`, or close it with `await client.aclose()`.
    """

    search: AsyncSearches = AsyncSearches.of_no_client()
    """The searches of this client."""

    _searches_class = AsyncSearches

    @guided
    @awaited
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt, not the call
    ) -> Reply:
        """Send a request to any endpoint under `base_url`, with this client's keys, limits and retries.

        Args:
            method: GET, POST and the like.
            path: below `base_url`, `"/assets/asset_x"` for instance; another origin is refused.
            json: what the body carries; None for no body.
            query: parameters for the URL.
            headers: headers to add.
            timeout: seconds for one attempt.

        Raises an `APIError` as a search does.
        """
        try:
            self._caller.check_open()
            request = free_request(
                self.settings, method, path, json=json, query=query, headers=headers, timeout=timeout
            )
        finally:
            del path, json, query, headers  # no error is to carry them in this frame
        return await self._caller.call(request)

    async def close(self) -> None:
        """The same as `aclose`, by the official SDK's name."""
        await self.aclose()

    @guided
    def download(
        self,
        hits: Annotated[Iterable[_T] | AsyncIterable[_T], AS_IT_IS],
        folder: str | os.PathLike[str],
        *,
        name: str = "{id}",
        width: int | None = None,
        format: str | None = None,
        quality: int | None = None,
        concurrency: int = 8,
        sidecar: bool = False,
        on_progress: Callable[[DownloadProgress], object] | None = None,
    ) -> AsyncGenerator[Download[_T]]:
        """Download the files of hits into a folder, a few at a time; called again it fetches what is missing.

        Args:
            hits: hits of any kind, a pager, a page with those that follow, or ids of assets; of models and workflows it
                is the thumbnail. It is read only as there is room.
            folder: where to; it is made if it is not there. One download has it at a time.
            name: how files are called, without the extension, which is that of the bytes that come: of `{id}`,
                `{name}`, `{index}` (also `{index:05}`), `{kind}`, `{created}` and `{ext}`.
            width: the width in pixels to bring pictures to.
            format: `"jpeg"`, `"png"`, `"webp"`, `"avif"` or `"tiff"`, to have pictures converted.
            quality: 1 to 100, for formats that have one.
            concurrency: how many files are under way at once.
            sidecar: also write what a hit says beside its file, as JSON and without signatures.
            on_progress: is told how far it is after each file.

        Gives a `Download` for each hit as they finish. What concerns one file is its `error`; a folder that cannot be
        written, or that another download has, raises `ScenarioError`. Files are never there by half.
        """
        with LOADING:
            from scenario_async._downloads.start import begun, downloading  # noqa: PLC0415 - a search has no need of it

        run = begun(
            self._caller, hits, folder, name=name, width=width, format=format, quality=quality,
            concurrency=concurrency, sidecar=sidecar, on_progress=on_progress,
        )  # fmt: skip
        return AsyncItems(downloading(run, hits), "AsyncScenario.download")

    async def aclose(self) -> None:
        """Close the connections; calls under way end with an error, and so does every later call."""
        await self._aclose()

    if not TYPE_CHECKING:  # checkers refuse these by themselves
        __enter__ = __exit__ = instead(f"{ASYNC_WITH}, or use Scenario")

    async def __aenter__(self) -> Self:
        running_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._aclose()
