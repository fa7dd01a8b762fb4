"""The rules of single parameters, where they are declared, and how arguments stay hidden.

Each rule takes a value and the parameter's name and gives the value back, or raises `InvalidSearchError` with the
parameter, the value and the rule. None passes: it counts as not given.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, wraps
from numbers import Real
from operator import index
from typing import Any, Final, NoReturn, ParamSpec, SupportsIndex, TypeAlias, TypeVar, cast

import attrs

from scenario_async._support.loading import LOADING
from scenario_async.errors import InvalidSearchError, ScenarioError, drop_frames

_P = ParamSpec("_P")
_T = TypeVar("_T")
_ErrorT = TypeVar("_ErrorT", bound=ScenarioError)
Rule: TypeAlias = Callable[[Any, str], Any]
"""Takes a value and its parameter's name, and gives what the value becomes, or raises `InvalidSearchError`."""

# Compiled when they are first used, as all patterns off the way of a call: an import has no need of them.
_HEADER_NAME: Final = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_VALUE_REFUSED: Final = r"[\x00-\x08\x0a-\x1f\x7f]"
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_SHOWN: Final = 80
_PLACE_IN_MEMORY: Final = r" at 0x[0-9a-fA-F]+"
_LARGEST_INTEGER: Final = 2**63 - 1
_MOST_LEVELS: Final = 10


def hiding(call: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let what a function is given stand in no frame of the error that refuses it."""

    @wraps(call)
    def hidden(*args: _P.args, **given: _P.kwargs) -> _T:
        try:
            return call(*args, **given)
        except ScenarioError as error:
            raise drop_frames(hinted(error, given))  # noqa: B904 - the same error
        finally:
            del args, given  # a `TypeError` about a keyword keeps this frame

    return hidden


def hides_arguments(cls: type[_T]) -> type[_T]:
    """Do the same for what a class is built with, and tell what to write for a keyword that it has not."""
    build = cls.__init__

    @wraps(build)
    def hidden(self: _T, /, *values: Any, **given: Any) -> None:  # noqa: ANN401 - whatever the class takes
        fault: TypeError | None = None
        try:
            build(self, *values, **given)
        except ScenarioError as error:
            raise drop_frames(hinted(error, given))  # noqa: B904 - the same error
        except TypeError:
            known = [each.name for each in attrs.fields(cast("Any", cls))]
            fault = wrong_arguments(cls.__name__, values, given, known)
            if fault is None:  # it comes from a value of the caller's own
                raise
        finally:
            del self, values, given  # the first is half made
        if fault is not None:
            raise fault

    setattr(cls, "__init__", hidden)  # noqa: B010 - mypy takes no assignment to __init__
    return cls


def wrong_arguments(
    call: str, values: Sequence[object], given: Iterable[str], known: Sequence[str]
) -> TypeError | None:
    """Give the error of arguments that have no name, or one that there is not; None if all have."""
    wrong = next((name for name in given if name not in known), None)
    if not values and wrong is None:
        return None
    with LOADING:
        from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it
    return moved.unexpected(call, wrong, known) if wrong is not None else moved.positional(call, values[0])


def hinted(error: _ErrorT, given: Mapping[str, Any]) -> _ErrorT:
    """Add to the error of a parameter what to write in place of the official SDK's kind of value."""
    with LOADING:
        from scenario_async._support import moved  # noqa: PLC0415 - as above
    return moved.hinted(error, given)


def declared(words: str, rule: Rule | None, **more: object) -> dict[str, Any]:
    """Give the metadata of an attrs field that a caller fills: what it means, and the rule that its value keeps.

    `rule` is None where the field's converter is the rule.
    """
    return {"words": words, "rule": rule, **more}


@cache
def _rules(cls: Any) -> tuple[tuple[str, Rule], ...]:  # noqa: ANN401 - mypy takes no class for a hashable
    rules = ((field.name, field.metadata.get("rule")) for field in attrs.fields(cls))
    return tuple((name, rule) for name, rule in rules if rule is not None)


def keep_rules(instance: object) -> None:
    """Let every declared field of a frozen attrs object keep its rule; None passes, as not given."""
    for name, rule in _rules(cast("Hashable", type(instance))):
        value = getattr(instance, name)
        if value is not None:
            object.__setattr__(instance, name, rule(value, name))


def arguments(cls: type[Any]) -> str:
    """Give the words of a class's declared fields, a line each, as docstrings list them."""
    lines: list[str] = []
    for field in attrs.fields(cls):
        if "words" in field.metadata:
            variable = field.metadata.get("variable")
            from_environment = f" Environment: `{variable}`." if variable else ""
            lines.append(f"    {field.name}: {field.metadata['words']}{from_environment}")
    return "\n".join(lines)


def documented(cls: type[_T]) -> type[_T]:
    """Add the words of its fields to a class's docstring."""
    summary = inspect.cleandoc(cls.__doc__ or "")
    head, mark, tail = summary.partition("\n\nRaises")
    cls.__doc__ = f"{head}\n\nArgs:\n{arguments(cls)}{mark}{tail}"
    return cls


def refuse(parameter: str, value: object, rule: str, *, part: str = "") -> NoReturn:
    """Raise the error that every rule raises; `part` names what of the parameter is wrong, where not all is."""
    shown = _shown(value)
    named = f"{parameter}: {part}" if part else parameter
    raise InvalidSearchError(f"{named} is {shown}, but {rule}", parameter=parameter)


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - numbers of 5,000 digits, lists of 5,000 levels, whatever `__repr__` raises
        return f"a {type(value).__name__}"
    shown = re.sub(_PLACE_IN_MEMORY, "", shown)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


def integer(value: object, parameter: str, *, least: int) -> int | None:
    """Take a whole number of at least `least`, and of 63 bits at most."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (bool, type)) or not hasattr(value, "__index__"):
        refuse(parameter, value, "it must be an int")
    number = index(cast("SupportsIndex", value))
    if number < least:
        refuse(parameter, number, f"it must be {least} or more")
    if number > _LARGEST_INTEGER:
        refuse(parameter, number, f"it must be {_LARGEST_INTEGER} or less")
    return number


def at_least(least: int) -> Rule:
    """Make the rule of a whole number."""
    return lambda value, parameter: integer(value, parameter, least=least)


def one_of(*allowed: str) -> Rule:
    """Make the rule of a word."""
    names = " or ".join(f'"{each}"' for each in allowed)

    def rule(value: object, parameter: str) -> object:
        if value not in allowed:
            refuse(parameter, value, f"it must be {names}")
        return value

    return rule


def ratio(value: object, parameter: str) -> float | None:
    """Take a number from 0 to 1."""
    number = _real(value, parameter)
    if number is not None and not 0 <= number <= 1:
        refuse(parameter, number, "it must lie within 0 and 1")
    return number


def seconds(value: object, parameter: str) -> float | None:
    """Take a duration: a finite number above 0."""
    number = _real(value, parameter)
    if number is not None and (number <= 0 or not math.isfinite(number)):
        refuse(parameter, number, "it must be a finite number of seconds above 0")
    return number


def truth(value: object, parameter: str) -> bool | None:
    """Take True or False, numpy's as well, and nothing that merely resembles them."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = cast("Any", value).item()  # a number stays one, and is refused
    if value is not None and not isinstance(value, bool):
        refuse(parameter, value, "it must be True or False")
    return value


def text(value: object, parameter: str) -> str | None:
    """Take a text that can be sent, which half of a surrogate pair cannot."""
    if value is None:
        return None
    if not isinstance(value, str):
        refuse(parameter, value, "it must be a str")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        refuse(parameter, value, "it holds a lone surrogate, which UTF-8 cannot carry")
    return value


def identifier(value: object, parameter: str) -> str | None:
    """Take a text that names something: it is not blank, and has no blanks around it."""
    name = text(value, parameter)
    if name is not None and (name != name.strip() or not name):
        refuse(parameter, name, "it must be an id, without blanks around it")
    return name


def path(value: object, parameter: str, rule: str) -> str:
    """Take the path of a file or a folder that an operating system can have."""
    if not isinstance(value, (str, os.PathLike)):
        refuse(parameter, value, rule)
    found = os.fspath(cast("os.PathLike[str] | os.PathLike[bytes]", value))
    if not isinstance(found, str) or not found:
        refuse(parameter, cast("object", value), rule)
    if "\0" in found:
        refuse(parameter, found, "it holds U+0000, which no path can have")
    try:
        os.fsencode(found)
    except UnicodeEncodeError:
        refuse(parameter, found, "it holds a character that no path of this system can have")
    return found


def callback(value: object, parameter: str, of: str) -> None:
    """Refuse what is no function that can be called from time to time; `of` is what it is told."""
    if value is None:
        return
    if not callable(value):
        refuse(parameter, value, f"it must be a function of {of}")
    call: object = getattr(value, "__call__", None)  # noqa: B004 - an object may be one
    if any(map(inspect.iscoroutinefunction, (value, call))) or any(
        map(inspect.isasyncgenfunction, (value, call))
    ):
        refuse(parameter, value, f"it is called and not awaited: it must be a plain function of {of}")


def headers(value: object, parameter: str) -> dict[str, str] | None:
    """Take a mapping of header names to texts; no value is ever shown, as it may be a secret."""
    if value is None:
        return None
    given = mapping(value, parameter)
    for name, content in given.items():
        if not re.fullmatch(_HEADER_NAME, name):
            rule = "it may only have letters, digits and !#$%&'*+-.^_`|~"
            refuse(parameter, name, rule, part="a header name")
        if name.lower() in _FRAMING:
            refuse(parameter, name, "it follows from the body that is sent", part="a header name")
        if not isinstance(content, str) or re.search(_HEADER_VALUE_REFUSED, content) or not _encodes(content):
            rule = "must be a str without control characters or line breaks"
            raise InvalidSearchError(f"{parameter}: the value of {name!r} {rule}", parameter=parameter)
    return given


def mapping(value: object, parameter: str) -> dict[str, Any]:
    """Take a mapping with text keys and copy it."""
    if not isinstance(value, Mapping):
        refuse(parameter, type(value).__name__, "it must be a mapping")
    copied = dict(cast("Mapping[object, Any]", value))
    for key in copied:
        if not isinstance(key, str):
            refuse(parameter, key, "it must be a str", part="a key")
    return cast("dict[str, Any]", copied)


def query(value: object, parameter: str) -> dict[str, Any] | None:
    """Take a mapping of URL parameters: texts, numbers, lists and mappings of them, as far as a URL carries them."""
    if value is None:
        return None
    given = mapping(value, parameter)
    for name, content in given.items():
        text(name, parameter)
        _carried(content, parameter, _MOST_LEVELS)
    return given


def _carried(value: object, parameter: str, levels: int) -> None:
    if levels == 0:
        refuse(parameter, value, f"a URL parameter is nested {_MOST_LEVELS} levels deep at most")
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            text(str(key), parameter)
            _carried(inner, parameter, levels - 1)
    elif isinstance(value, (list, tuple)):
        for inner in cast("list[object]", value):
            _carried(inner, parameter, levels - 1)
    else:
        try:
            shown = str(value)
        except Exception:  # noqa: BLE001 - whatever `__str__` raises
            refuse(parameter, value, "it cannot be written as text")
        text(shown, parameter)


def jsonable(value: _T, parameter: str) -> _T:
    """Take what JSON can carry."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"{parameter} must be JSON: {type(error).__name__}"
        if isinstance(error, TypeError):
            reason += f", {error}"
        raise InvalidSearchError(reason, parameter=parameter) from None
    return value


def _real(value: object, parameter: str) -> float | None:
    if value is None or type(value) is float:
        return value
    if type(value) is int and abs(value) <= _LARGEST_INTEGER:
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        refuse(parameter, value, "it must be a number" + (", not a text" if isinstance(value, str) else ""))
    try:
        return float(value)
    except OverflowError:
        refuse(parameter, value, "it is too large a number")


def _encodes(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True
