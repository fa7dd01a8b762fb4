"""Faults in words: `503 retry-after=2 x3, ok x2, drop kind=assets, hang, repeat`.

Entries stand between commas: a name or a status, options of the form name=value (in quotation marks when
the value holds a space or a comma), the `kind` that they are meant for, and how many requests meet them. A
last entry `repeat` begins again with the first one at the end. Without a `kind`, an entry is for searches.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Literal, TypeAlias, cast

import attrs

from scenario_async.emulator.attributes import KINDS, Kind
from scenario_async.emulator.faults.base import Fault
from scenario_async.emulator.faults.instead import Status
from scenario_async.emulator.faults.table import FAULTS

Target: TypeAlias = Kind | Literal["get-bulk", "pictures"]
"""What a fault may be meant for: searches of a kind, assets by their ids, or pictures."""

TARGETS: Final[tuple[Target, ...]] = (*KINDS, "get-bulk", "pictures")
_REPEAT: Final = "repeat"


@attrs.frozen
class Entry:
    """A fault for so many requests, of one kind or for searches of any."""

    fault: Fault
    times: int = 1
    kind: Target | None = None

    def meets(self, target: Target) -> bool:
        """Tell whether it is for such a request."""
        return self.kind == target or (self.kind is None and target in KINDS)


@attrs.frozen
class Script:
    """Entries in their order; `repeats` says whether they begin again after the last."""

    entries: Sequence[Entry]
    repeats: bool = False


def read_script(text: str) -> Script:
    """Read a script; what can't be read is a `ValueError` that names the word and what is known."""
    sentences = list(_sentences(text))
    repeats = sentences[-1:] == [[_REPEAT]]
    entries = tuple(_entry(words) for words in (sentences[:-1] if repeats else sentences))
    if not entries:
        raise ValueError(f"the script {text!r} has no faults: write at least one, such as 503 or hang")
    return Script(entries, repeats=repeats)


def read_kind(kind: str) -> Target:
    """Check the name of a kind."""
    if kind not in TARGETS:
        raise ValueError(f"{kind!r} is no kind of request: it is one of {', '.join(TARGETS)}")
    return kind


def write_script(entries: Iterable[Entry]) -> str:
    """Write faults down as `read_script` reads them."""
    return ", ".join(_written(entry) for entry in entries)


def _written(entry: Entry) -> str:
    fault = entry.fault
    words = [getattr(fault, "name", type(fault).__name__)]
    for field in attrs.fields(type(fault)):
        value: object = getattr(fault, field.name)
        if isinstance(fault, Status) and field.name == "code":
            words = [str(value)]
        elif value not in (field.default, {}):
            words += [f"{field.name.replace('_', '-')}={_quoted(text)}" for text in _texts(value)]
    words += [f"kind={entry.kind}"] if entry.kind else []
    return " ".join(words + ([f"x{entry.times}"] if entry.times > 1 else []))


def _texts(value: object) -> list[str]:
    """Give what a script says of a value: a line for each header."""
    if not isinstance(value, Mapping):
        return [str(value)]
    return [f"{name}:{text}" for name, text in cast("Mapping[str, str]", value).items()]


def _quoted(text: str) -> str:
    """Quote a value that holds what would end it; a comma as well, which no shell minds."""
    return f"'{text}'" if "," in text and shlex.quote(text) == text else shlex.quote(text)


def _sentences(text: str) -> Iterator[list[str]]:
    """Split a script at its commas, and the words between at their spaces."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=",")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise ValueError(f"the script {text!r} can't be read: a quotation mark is not closed") from error
    for is_comma, group in groupby(words, lambda word: set(word) == {","}):
        if not is_comma:
            yield list(group)


def _entry(words: Sequence[str]) -> Entry:
    name, *others = words
    fault = Status if name.isdecimal() else FAULTS.get(name)
    if name == _REPEAT:
        raise ValueError(f"{_REPEAT!r} stands alone, and last in a script")
    if fault is None:
        known = ", ".join(FAULTS)
        raise ValueError(f"there is no fault {name!r}: it is a status such as 503, or one of {known}")
    given: defaultdict[str, list[str]] = defaultdict(list)
    times = 1
    for word in [f"code={name}", *others] if name.isdecimal() else others:
        key, equals, value = word.partition("=")
        if equals:
            given[key].append(value)
        elif re.fullmatch(r"x0*[1-9]\d{0,8}", word):
            times = int(word[1:])
        else:
            rule = "an option, name=value, or how many requests meet the fault, x3"
            raise ValueError(f"{word!r} after {name!r} is neither of what may stand there: {rule}")
    kinds = given.pop("kind", [])
    try:
        return Entry(_made(fault, given), times, read_kind(kinds[-1]) if kinds else None)
    except ValueError as error:
        # Validators add more than the message to their errors.
        raise ValueError(f"in {' '.join(words)!r}: {error.args[0]}") from error


def _made(fault: type[Fault], given: Mapping[str, Sequence[str]]) -> Fault:
    known = {name.replace("_", "-"): field for name, field in attrs.fields_dict(fault).items()}
    for name, values in given.items():
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"{fault.name} has no option {name!r}: {has}")
        if len(values) > 1 and not known[name].metadata.get("repeatable"):
            raise ValueError(f"{name} is given {len(values)} times, and can be given once")
    for name, field in known.items():
        if field.default is attrs.NOTHING and name not in given:
            raise ValueError(f"{fault.name} needs {name}=...")
    return fault(
        **{
            known[name].name: list(values) if known[name].metadata.get("repeatable") else values[0]
            for name, values in given.items()
        }
    )
