"""What people forget, answered with what to write instead: only at run time, so that type checkers go on refusing it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from scenario_async._support import checks

if TYPE_CHECKING:
    from collections.abc import Generator

_P = ParamSpec("_P")
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])

FOR: Final = "write `async for` in place of `for`"
AWAIT: Final = "write `async for` in place of `await`: it gives one item after the other"
ASYNC_WITH: Final = "write `async with` in place of `with`"
_HINTS: Final[set[object]] = set()


def instead(hint: str) -> Any:  # noqa: ANN401 - it stands where a method would
    """Make a method that is not there for use: it raises `TypeError` with the way out."""

    def refuse(self: object, *_: object, **__: object) -> None:
        name = getattr(self, "_name", None)
        raise TypeError(f"{f'{name}()' if isinstance(name, str) else type(self).__name__}: {hint}")

    _HINTS.add(refuse)
    return refuse


def is_async(items: object) -> bool:
    """Tell whether `async for` reads something, and is not only answered by a hint."""
    return (
        isinstance(items, AsyncIterable)
        and getattr(type(cast("object", items)), "__aiter__", None) not in _HINTS
    )


class Pending(Coroutine[Any, Any, _T_co]):
    """A call that has not been awaited: a coroutine that tells so where it is taken for its result."""

    __slots__ = ("__weakref__", "_coroutine", "_name")

    def __init__(self, coroutine: Coroutine[Any, Any, _T_co], name: str) -> None:
        self._coroutine = coroutine
        self._name = name

    def __await__(self) -> Generator[Any, Any, _T_co]:
        return self._coroutine.__await__()

    def send(self, value: Any, /) -> Any:  # noqa: ANN401 - as the protocol has it
        """Go on, as a coroutine does for the task that runs it."""
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:  # noqa: ANN401 - as the protocol has it
        """Raise an error where it waits, as a coroutine does."""
        try:
            return self._coroutine.throw(*error)
        finally:
            del error  # it may hold headers and bodies, and be followed by one of ours

    def close(self) -> None:
        """Give it up, as a coroutine does."""
        self._coroutine.close()

    def __repr__(self) -> str:
        return f"<coroutine {self._name}>"

    if not TYPE_CHECKING:  # checkers refuse these by themselves
        __iter__ = __getitem__ = __len__ = __enter__ = __exit__ = __aiter__ = instead(
            "write `await` before the call, which gives what you want to use"
        )

        def __bool__(self) -> bool:
            return True

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            if name.startswith("cr_") or name in (
                "__name__",
                "__qualname__",
            ):  # debuggers and event loops show them
                return getattr(self._coroutine, name)
            message = f"{self._name}() was not awaited, so it has no {name!r}"
            raise AttributeError(f"{message}: write `await` before the call", name=name, obj=self)


def awaited(
    function: Callable[_P, Coroutine[Any, Any, _T]],
) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Let calls of an async function that nobody awaits tell so."""

    @wraps(function)
    def pending(*args: _P.args, **given: _P.kwargs) -> Coroutine[Any, Any, _T]:
        try:
            return Pending(function(*args, **given), function.__qualname__)
        finally:
            del args, given  # no error is to carry them in this frame

    mark = getattr(inspect, "markcoroutinefunction", None)  # of Python 3.12
    return cast("Callable[_P, Coroutine[Any, Any, _T]]", mark(pending)) if mark else gives_coroutines(pending)


def gives_coroutines(function: _FunctionT) -> _FunctionT:
    """Let mocks give something to await in place of a function whose result can be awaited."""
    import asyncio  # noqa: PLC0415 - it takes half of what `scenario-async search --help` may take, which needs none of it

    marks = vars(asyncio.coroutines)
    if "_is_coroutine" in marks:
        function.__dict__["_is_coroutine"] = marks["_is_coroutine"]
        return function
    return cast("_FunctionT", vars(inspect)["markcoroutinefunction"](function))


def guided(function: _FunctionT) -> _FunctionT:
    """Let a method tell what to write for a keyword that it has not."""
    call: Callable[..., Any] = function

    @wraps(call)
    def method(self: object, /, *args: Any, **given: Any) -> Any:  # noqa: ANN401 - of any method
        try:
            return call(self, *args, **given)
        except TypeError:
            names = list(inspect.signature(call).parameters)[1:]
            fault = checks.wrong_arguments(call.__name__, (), given, names)
            if fault is None:
                raise
        finally:
            del self, args, given  # no error is to carry them in this frame
        raise fault

    return cast("_FunctionT", method)
