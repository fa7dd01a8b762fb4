"""The options of a search: made of the fields of its class, so that there is no second list of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from scenario_async.cli.conditions import filter_of
from scenario_async.cli.sections import EXTENT, RARE, WANTED, Option
from scenario_async.images import Images
from scenario_async.searches import kind_of, travels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scenario_async.searches import Search, Travels

_SIMPLE: Final[Mapping[Any, click.ParamType[Any]]] = {str: click.STRING, int: click.INT, float: click.FLOAT}
_ARGUMENT: Final = "query"
_PICTURE: Final = "FILE|ID"
_WORDS: Final[Mapping[str, str]] = {
    "filter": "a condition in the service's filter language.",
    "public": "search public content instead of what your project owns.",
    "image": "a picture that hits should resemble: a file, - for the standard input, or the id of an asset.",
    "sort_by": "an attribute to sort by, such as createdAt:desc; several are given one by one, the first one first.",
    "project_id": "the project to search; else SCENARIO_PROJECT_ID.",
    "extra_headers": "a header to add, or to put in place of a usual one.",
    "extra_query": "a parameter to add to the URL.",
    "extra_body": "a member to add to the JSON body; its value is JSON or a text.",
    "timeout": "seconds for one attempt; else 60.",
    "deadline": "seconds for one request with all its attempts; default: no limit.",
    "original_models": "what the service's originalModels takes: true, false, a text or JSON.",
}
"""The words of fields that speak of Python, for people at a prompt."""
_SECTIONS: Final[Mapping[Travels, str]] = {"body": WANTED, "page": EXTENT, "url": RARE, "not": RARE}
_NAMED: Final = re.compile(r"`(\w+)`")
_IMAGE_SUFFIX: Final = re.compile(r"\.(avif|bmp|gif|hei[cf]|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)
_SIGNING: Final = ("authorization", "proxy-authorization", "cookie")


def options_of(search_class: type[Search[Any]]) -> Iterator[Option]:
    """Give the options of a class of searches, but for the words, which are an argument."""
    names = set(attrs.fields_dict(search_class))
    for field in attrs.fields(search_class):
        if field.name == _ARGUMENT:
            continue
        yield from _options(field, _help(field, names))


def _options(field: attrs.Attribute[Any], words: str) -> Iterator[Option]:
    kind = kind_of(field)
    name = "--" + field.name.replace("_", "-")
    section = _SECTIONS[travels(field)]
    if kind is Images:
        for each, what in (("like", "resemble"), ("unlike", "not resemble")):
            told = f"A picture that hits should {what}. Repeat it for several. Not together with --image."
            yield Option([f"--{each}"], multiple=True, metavar=_PICTURE, help=told, section=section)
    elif kind is bool:
        yield Option([f"{name}/--no-{name[2:]}"], default=None, help=words, section=section)
    elif kind in _SIMPLE:
        metavar = _PICTURE if field.name == "image" else None
        yield Option([name], type=_SIMPLE[kind], metavar=metavar, help=words, section=section)
        if field.name == "filter":
            yield Option(
                ["--where"],
                multiple=True,
                metavar="CONDITION",
                help="A condition such as kind=image, tags=cat,dog (one of these) or 'width>=1024'. Repeat it for several; all of "
                "them have to hold, and --filter as well.",
                section=section,
            )
    elif kind is Any:
        yield Option([name], metavar="VALUE", help=words, section=section)
    else:  # sequences and mappings: one item at a time
        metavar = "NAME=VALUE" if _is_mapping(kind) else "TEXT"
        yield Option([name], multiple=True, metavar=metavar, help=words, section=section)


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401
    return getattr(kind, "__origin__", None) is dict


def _help(field: attrs.Attribute[Any], names: set[str]) -> str:
    words = _WORDS.get(field.name) or str(field.metadata["words"])
    words = _NAMED.sub(
        lambda found: "--" + found[1].replace("_", "-") if found[1] in names else found[1], words
    )
    return words[0].upper() + words[1:].replace("`", "")


def keywords_of(search_class: type[Search[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keywords of a search, and take what the options gave for it; None and nothing count as not given."""
    found: dict[str, Any] = {}
    for field in attrs.fields(search_class):
        value = _value(field, given, search_class)
        if value is not None and value != ():
            found[field.name] = value
    return found


def _value(field: attrs.Attribute[Any], given: Mapping[str, Any], search_class: type[Search[Any]]) -> Any:  # noqa: ANN401
    kind = kind_of(field)
    if kind is Images:
        pictures = {
            each: [picture(text) for text in given[each]] for each in ("like", "unlike") if given[each]
        }
        return pictures or None
    value = given[field.name]
    if field.name == "filter":
        return filter_of(value, given["where"], search_class.hit_class)
    if value is not None and field.name == "image":
        value = picture(value)
    elif value is not None and kind is Any:
        value = read_json(value)
    elif value is not None and _is_mapping(kind):
        value = _mapping(field.name, value, as_json=field.name == "extra_body")
    return value


def picture(text: str) -> str | bytes | Path:
    """Give the picture that is meant: the standard input, a file, or else an asset's id or a data URL."""
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith(("data:", "http:", "https:")):
        return text
    try:
        is_there = Path(text).is_file()
    except (OSError, ValueError):  # no name of a file
        is_there = False
    return Path(text) if is_there or "/" in text or _IMAGE_SUFFIX.search(text) else text


def _mapping(name: str, pairs: Sequence[str], *, as_json: bool) -> dict[str, Any] | None:
    option = "--" + name.replace("_", "-")
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint=f"'{option}'")
        if name == "extra_headers" and key.lower() in _SIGNING:
            message = f"{key} belongs into the environment or a .env: others can see a command line"
            raise click.BadParameter(message, param_hint=f"'{option}'")
        found[key] = read_json(value) if as_json else value
    return found or None


def read_json(text: str) -> Any:  # noqa: ANN401
    """Give the JSON value that a text is, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
