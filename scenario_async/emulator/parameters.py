"""What a search asks for, read from its JSON body and checked as the service checks it.

The messages are worded like the one that the live service was seen to give: `"modelId" must be a string`.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

import attrs

from scenario_async.emulator.attributes import Schema
from scenario_async.emulator.errors import bad_request

MAX_PAGE_SIZE: Final = 100
DEFAULT_PAGE_SIZE: Final = 20
MOST_SORTINGS: Final = 100
"""What one search may sort by; no index has as many attributes."""

Body: TypeAlias = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Window:
    """The stretch of the ranking that is asked for; `page` is None in offset mode."""

    offset: int
    size: int
    page: int | None = None


@attrs.frozen(kw_only=True)
class Sorting:
    """One attribute to sort by."""

    attribute: str
    descending: bool


@attrs.frozen(kw_only=True)
class SearchRequest:
    """A search that keeps the service's rules; `like` and `unlike` are asset ids or data URLs."""

    window: Window
    query: str | None
    filter: str
    like: tuple[str, ...]
    unlike: tuple[str, ...]
    image_semantic_ratio: float
    query_semantic_ratio: float
    public: bool
    sort_by: tuple[Sorting, ...]

    @property
    def by_picture(self) -> bool:
        """Whether pictures take part, which makes a search long enough to leave the loop for."""
        return bool(self.like or self.unlike)


def read_search(body: object, schema: Schema) -> SearchRequest:
    """Read a search body; what breaks a rule is a 400 that names the parameter. Unknown keys are ignored."""
    if not isinstance(body, dict):
        raise bad_request('"value" must be of type object')
    fields = cast("Body", body)
    subjects = ["query", "filter", *(["image", "images"] if schema.pictured else [])]
    if not any(name in fields for name in subjects):
        raise bad_request(f'"value" must contain at least one of [{", ".join(subjects)}]')
    like, unlike = _pictures(fields) if schema.pictured else ((), ())
    return SearchRequest(
        window=_window(fields),
        query=_string(fields["query"], "query") if "query" in fields else None,
        filter=_string(fields.get("filter", ""), "filter"),
        like=like,
        unlike=unlike,
        image_semantic_ratio=_ratio(fields, "imageSemanticRatio", default=1) if schema.pictured else 1,
        query_semantic_ratio=_ratio(fields, "querySemanticRatio", default=0),
        public=_boolean(fields, "public"),
        sort_by=_sortings(fields.get("sortBy", []), schema),
    )


def _pictures(fields: Body) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "image" in fields and "images" in fields:
        raise bad_request('"value" contains a conflict between exclusive peers [image, images]')
    if "image" in fields:
        return (_string(fields["image"], "image"),), ()
    if "images" not in fields:
        return (), ()
    if not isinstance(fields["images"], dict):
        raise bad_request('"images" must be of type object')
    images = cast("Body", fields["images"])
    like, unlike = (_strings(images.get(name, []), f"images.{name}") for name in ("like", "unlike"))
    if not like and not unlike:
        raise bad_request('"images" must contain at least one of [like, unlike]')
    return like, unlike


def _window(fields: Body) -> Window:
    """Read the paging; page parameters win over offset ones, and a lone one goes with the other's default."""
    limit = _integer(fields, "limit", DEFAULT_PAGE_SIZE, least=1, most=MAX_PAGE_SIZE)
    offset = _integer(fields, "offset", 0, least=0)
    page = _integer(fields, "page", 1, least=1)
    size = _integer(fields, "hitsPerPage", DEFAULT_PAGE_SIZE, least=1, most=MAX_PAGE_SIZE)
    if "page" in fields or "hitsPerPage" in fields:
        return Window(offset=(page - 1) * size, size=size, page=page)
    return Window(offset=offset, size=limit)


def _sortings(value: object, schema: Schema) -> tuple[Sorting, ...]:
    items = _strings(value, "sortBy", most=MOST_SORTINGS)
    return tuple(_sorting(item, schema) for item in items)


def _sorting(item: str, schema: Schema) -> Sorting:
    attribute, _, order = item.rpartition(":")
    if attribute not in schema.sortable or order not in {"asc", "desc"}:
        raise bad_request("Invalid sort field")
    return Sorting(attribute=attribute, descending=order == "desc")


def _string(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise bad_request(f'"{name}" must be a string')
    return value


def _strings(value: object, name: str, *, most: int | None = None) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise bad_request(f'"{name}" must be an array')
    items = cast("list[object]", value)
    if most is not None and len(items) > most:
        raise bad_request(f'"{name}" must contain less than or equal to {most} items')
    return tuple(_string(item, f"{name}[{place}]") for place, item in enumerate(items))


def _boolean(fields: Body, name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise bad_request(f'"{name}" must be a boolean')
    return value


def _number(fields: Body, name: str, default: float, *, least: float, most: float) -> float:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_request(f'"{name}" must be a number')
    if not value >= least:
        raise bad_request(f'"{name}" must be greater than or equal to {least}')
    if not value <= most:
        raise bad_request(f'"{name}" must be less than or equal to {most}')
    return value


def _ratio(fields: Body, name: str, *, default: float) -> float:
    return _number(fields, name, default, least=0, most=1)


def _integer(fields: Body, name: str, default: int, *, least: int, most: int = 2**53) -> int:
    value = _number(fields, name, default, least=least, most=most)
    if value != int(value):
        raise bad_request(f'"{name}" must be an integer')
    return int(value)
