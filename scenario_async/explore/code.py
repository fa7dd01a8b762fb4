"""The search that one sees, as code: Python with either client, and a line for a shell."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from scenario_async._support.counting import counted
from scenario_async.images import Images, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scenario_async.models import Hit
    from scenario_async.searches import Search

_PICTURE: Final = "picture.png"
_PATH: Final = f'Path("{_PICTURE}")'
_SAVED: Final = f"# Save the picture that you dropped as {_PICTURE}.\n"
_SHOWN: Final[Mapping[str, str]] = {"asset": "hit.id, hit.metadata.prompt"}
"""What a program prints of each hit, by kind of search: where nothing is said, its name."""
_SYNC: Final = """\
{imports}

{note}with Scenario() as client:
    page = client.search.{kind}_search({keywords}    )
    for hit in page.iter_hits(max_hits=100):
        print({shown})
"""
_ASYNC: Final = """\
import asyncio
{imports}


async def main() -> None:
    {note}async with AsyncScenario() as client:
        pager = client.search.{kind}_search({keywords}        )
        async for hit in pager.iter_hits(max_hits=100):
            print({shown})


asyncio.run(main())
"""
_PICKED: Final = """\
from scenario_async import Scenario

# {count}
ids = [
{ids}]

with Scenario() as client:
    for download in client.download(ids, "picks"):
        print(download.status, download.path)
"""
_NAMED: Final = "# {count}\nids = [\n{ids}]\n"


def programs_of(search: Search[Any]) -> dict[str, str]:
    """Give the programs that make a search: each reads its first hundred hits."""
    keywords = dict(_keywords(search))
    dropped = any(_PATH in value for value in keywords.values())
    path = "from pathlib import Path\n\n" if dropped else "\n"
    texts = {"kind": search.kind, "shown": _SHOWN.get(search.kind, "hit.id, hit.name")}
    return {
        "Python": _SYNC.format(
            imports=f"{path}from scenario_async import Scenario".lstrip("\n"),
            note=_SAVED if dropped else "",
            keywords=_written(keywords, 8),
            **texts,
        ),
        "Python, async": _ASYNC.format(
            imports=f"{path}from scenario_async import AsyncScenario",
            note=f"{_SAVED}    " if dropped else "",
            keywords=_written(keywords, 12),
            **texts,
        ),
        "Shell": _line(search),
    }


def _keywords(search: Search[Any]) -> Iterator[tuple[str, str]]:
    for field in attrs.fields(type(search)):
        value = getattr(search, field.name)
        if isinstance(value, Images):
            lists = as_mapping(value).items()
            value = ", ".join(f'"{name}": [{", ".join(map(_picture, each))}]' for name, each in lists)
            yield field.name, f"{{{value}}}"
        elif value is not None:
            yield field.name, _picture(value) if field.name == "image" else _literal(value)


def _picture(value: str) -> str:
    return _PATH if value.startswith("data:") else _literal(value)


def _literal(value: object) -> str:
    """Spell a value as people write it: texts between double quotes, where that needs no more escapes."""
    text = repr(list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value)
    plain = isinstance(value, str) and '"' not in value and "'" not in value
    return f'"{text[1:-1]}"' if plain else text


def _written(keywords: Mapping[str, str], indent: int) -> str:
    lines = [f"{' ' * indent}{name}={value},\n" for name, value in keywords.items()]
    return "\n" + "".join(lines)


def _line(search: Search[Any]) -> str:
    words = ["scenario-async", "search", f"{search.kind}s"]
    options: list[str] = []
    for field in attrs.fields(type(search)):
        value = getattr(search, field.name)
        if value is None:
            continue
        if field.name == "query":
            words.append(value if not value.startswith("-") else f"-- {value}")
        else:
            options += _options(field.name, value)
    if words[-1].startswith("-- "):
        return shlex.join([*words[:-1], *options, "--", words[-1][3:]]) + "\n"
    return shlex.join([*words, *options]) + "\n"


def _options(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, Images):
        for each, pictures in as_mapping(value).items():
            for picture in pictures:
                yield from (f"--{each}", _in_shell(picture))
    elif name == "original_models":
        yield from (option, value if isinstance(value, str) else json.dumps(value))
    elif isinstance(value, bool):
        yield option if value else f"--no-{option[2:]}"
    elif isinstance(value, tuple):
        for item in cast("tuple[str, ...]", value):
            yield from (option, item)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from (option, f"{key}={json.dumps(item) if name == 'extra_body' else item}")
    else:
        yield from (option, _in_shell(str(value)) if name == "image" else str(value))


def _in_shell(picture: str) -> str:
    return _PICTURE if picture.startswith("data:") else picture


def program_of_picks(hits: Sequence[Hit], what: str) -> str:
    """Give a program about hits that were picked: for assets one that downloads them."""
    count = f"{counted(len(hits), what)} picked"
    ids = "".join(f"    {_literal(hit.id)},\n" for hit in hits)
    return (_PICKED if what == "asset" else _NAMED).format(count=count, ids=ids)
