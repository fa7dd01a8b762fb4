"""Annotations as objects, made when somebody reads them.

What stands in an annotation alone is imported for type checkers only, so that a search does not wait for it. Tools that
read annotations at run time (`typing.get_type_hints`, `inspect.signature`, pydantic, FastAPI) import it here.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")

MODULES: Final = "aiohttp os pandas polars pyarrow ssl"
"""Modules that annotations name."""
NAMES_IN: Final = {
    "PIL.Image": "Image",
    "collections.abc": (
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Coroutine Generator Iterable Iterator Mapping "
        "Sequence"
    ),
    "dask.bag": "Bag",
    "pathlib": "Path",
    "types": "TracebackType",
    "scenario_async._calls.call": "Caller",
    "scenario_async._calls.quota": "Place Waiter",
    "scenario_async._endpoints.raw": "AsyncRawSearches SyncRawSearches",
    "scenario_async._exports.start": "Writable",
    "scenario_async._factories.answers": "Answers Found",
    "scenario_async._gallery.gallery": "Gallery",
    "scenario_async._looks.thumbnails": "Loaded Thumbnails",
    "scenario_async._paging.fan_out": "FanOut FanOutItem OnError Order",
    "scenario_async._paging.iteration": "Hand Iteration PageSource",
    "scenario_async._paging.page": "LinkedPage",
    "scenario_async._paging.position": "Position",
    "scenario_async._scans.scan": "Scan",
    "scenario_async._support.network": "Proxy TLS",
    "scenario_async._support.secret": "Secret TokenSource",
    "scenario_async.events": "OnRequest OnResponse OnRetry",
    "scenario_async.pages": "ResponseInfo StopReason",
}
"""Where else the names come from; those of the package itself are found there."""
_ROOM_OF: Final = {name: room for room, names in NAMES_IN.items() for name in names.split()}


class AsItIs:
    """Tells pydantic to pass a value on as it is, because what is called checks it by itself."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> Any:  # noqa: ANN401
        from pydantic_core import core_schema  # noqa: PLC0415 - only pydantic asks for it

        return core_schema.any_schema()

    def __repr__(self) -> str:
        return "AsItIs()"


AS_IT_IS: Final = AsItIs()


class Annotations(dict[str, Any]):
    """The annotations of a function or a class: whoever reads one gets objects, and not their texts."""

    __slots__ = ("_are_objects", "_names")

    def __init__(self, texts: dict[str, Any], names: dict[str, Any]) -> None:
        super().__init__(texts)
        self._names = names
        self._are_objects = False

    def changed(self, **changes: str) -> Annotations:
        """Give the same annotations, but for some."""
        return Annotations(
            {name: super(Annotations, self).__getitem__(name) for name in self} | changes, self._names
        )

    def _read(self) -> None:
        if self._are_objects:
            return
        for name in self:
            text = super().__getitem__(name)
            if isinstance(text, str):
                with suppress(NameError):  # of a part of this package that is no one else's
                    self[name] = _evaluated(text, self._names)
        self._are_objects = True

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401
        self._read()
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:  # of its own, so that `dict(annotations)` asks for each item
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        self._read()
        return super().get(name, default)

    def items(self) -> Any:  # noqa: ANN401 - of a dict
        self._read()
        return super().items()

    def values(self) -> Any:  # noqa: ANN401 - of a dict
        self._read()
        return super().values()

    def copy(self) -> dict[str, Any]:
        """Give a plain dictionary."""
        return dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class _Names(dict[str, Any]):
    """The names that an annotation may use: those of its module, and those that it has for type checkers only."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__()
        self._globals = names

    def __missing__(self, name: str) -> Any:  # noqa: ANN401
        if name in self._globals:
            value, names = self._globals[name], self._globals
        else:
            value, names = _elsewhere(name)
        return _evaluated(value, names) if isinstance(value, str) else value  # an alias


def _elsewhere(name: str) -> tuple[Any, dict[str, Any]]:
    """Find a name that its module does not have at run time, and the names around it."""
    package = sys.modules[__package__ or ""]
    try:
        if name in MODULES.split():
            return import_module(name), {}
        if name in _ROOM_OF:
            module = import_module(_ROOM_OF[name])
            return getattr(module, name), vars(module)
    except ImportError:  # of an extra that is not installed
        return Any, {}
    if name in package.__all__:
        return getattr(package, name), vars(package)
    raise KeyError(name)  # it is one of Python's own


def _evaluated(text: str, names: dict[str, Any]) -> Any:  # noqa: ANN401
    return eval(text, {}, _Names(names))  # noqa: S307 - an annotation of this package


def evaluable(cls: type[_T]) -> type[_T]:
    """Let the annotations of a class, its methods and its properties be objects to those who read them."""
    if "__annotations__" in vars(cls):
        cls.__annotations__ = Annotations(cls.__annotations__, vars(sys.modules[cls.__module__]))
    for name, value in vars(cls).items():
        if (not name.startswith("_") or name == "__init__") and (function := _function_in(value)) is not None:
            evaluable_function(function)
    return cls


def evaluable_function(function: _T) -> _T:
    """Let the annotations of a function, and of those that it wraps, be objects to those who read them."""
    inner: Any = function
    while inner is not None:
        texts = inner.__annotations__
        if texts and not isinstance(texts, Annotations):
            inner.__annotations__ = Annotations(texts, vars(sys.modules[inner.__module__]))
        inner = getattr(inner, "__wrapped__", None)
    return function


def evaluable_keywords(function: Any, of: Any, **changes: str) -> None:  # noqa: ANN401 - functions, with their attributes
    """Let a function that passes its keywords on be read as one that has those `of` another; `changes` are annotations."""
    stub = FunctionType(of.__code__, of.__globals__, function.__name__, of.__defaults__, of.__closure__)
    stub.__kwdefaults__ = of.__kwdefaults__
    stub.__annotations__ = of.__annotations__.changed(**changes)
    stub.__doc__, stub.__module__, stub.__qualname__ = (
        function.__doc__,
        function.__module__,
        function.__qualname__,
    )
    function.__annotations__ = stub.__annotations__
    function.__wrapped__ = stub


def _function_in(value: Any) -> FunctionType | None:  # noqa: ANN401 - whatever a class has
    if isinstance(value, FunctionType):
        return value
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property):
        value = value.func
    elif isinstance(value, (classmethod, staticmethod)):
        value = cast("Any", value).__func__
    return value if isinstance(value, FunctionType) else None
