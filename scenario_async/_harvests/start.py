"""Where a harvest begins: what a caller asks for is checked, and each search gets a key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from scenario_async._harvests.jobs import Wanted
from scenario_async._harvests.ledger import Ledger
from scenario_async._harvests.run import Plan, Run
from scenario_async._paging.fan_out import check_fan_out
from scenario_async._paging.token import NO_PART_OF_IT, search_digest
from scenario_async._scans.start import check_scannable
from scenario_async._support import checks
from scenario_async._tables.formats import FORMATS, OF_TABLES, PAGE
from scenario_async._tables.schema import kind_of
from scenario_async._tables.texts import mended
from scenario_async.images import Images
from scenario_async.searches import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._harvests.harvest import HarvestProgress
    from scenario_async._harvests.jobs import Refresh
    from scenario_async._paging.fan_out import OnError
    from scenario_async._paging.iteration import PageSource

_LONGEST: Final = 200
"""The characters of a value that are shown in the table of searches: pictures are long."""
_PLACES: Final = ("offset", "page")


def begun(
    source_of: Callable[[Search[Any]], PageSource[Any]],
    searches: Any,  # noqa: ANN401 - as they were given
    path: Any,  # noqa: ANN401 - as it was given
    *,
    concurrency: int,
    max_hits: int | None,
    max_requests: int | None,
    scan: object,
    refresh: object,
    on_error: OnError,
    on_progress: Callable[[HarvestProgress], object] | None,
    project_id: str | None,
) -> Run:
    """Give a harvest that waits to be opened; `InvalidSearchError` for what cannot be done."""
    check_fan_out(concurrency, max_hits, "completed", on_error, ends=False)
    if refresh not in (False, True, "full"):
        checks.refuse(
            "refresh", refresh, 'it must be False, True for what is new, or "full" for all of it once more'
        )
    scans = bool(checks.truth(scan, "scan"))
    file = checked(path, max_hits=max_hits, scan=scans, on_error=on_error, on_progress=on_progress)
    several: Any = searches
    if isinstance(searches, Search):
        several = [cast("object", searches)]
    if not (hasattr(several, "__iter__") or hasattr(several, "__aiter__")) or isinstance(several, str):
        checks.refuse(
            "searches",
            cast("object", searches),
            "it must give AssetSearch, ModelSearch or WorkflowSearch values",
        )
    given: Any = several
    if not hasattr(several, "__aiter__"):
        given = list(several)  # by who called, whatever it does meanwhile
    kept: Refresh = "full" if refresh == "full" else "new" if refresh else ""
    return Run(
        Plan(
            source_of=source_of,
            searches=given,
            wanted_of=partial(wanted, project_id=project_id, scan=scans, max_hits=max_hits),
            ledger=Ledger(file, kept),
            concurrency=concurrency,
            max_hits=max_hits,
            max_requests=checks.integer(max_requests, "max_requests", least=1),
            full=refresh == "full",
            on_error=on_error,
            on_progress=on_progress,
        )
    )


def checked(
    path: Any,  # noqa: ANN401 - as it was given
    *,
    max_hits: int | None,
    scan: bool,
    on_error: OnError,
    on_progress: Callable[[HarvestProgress], object] | None,
) -> Path:
    """Refuse what no harvest can do, and give its file."""
    check_fan_out(1, max_hits, "completed", on_error, ends=False)
    if scan and max_hits is not None:
        checks.refuse("max_hits", max_hits, "a scan reads every hit: leave one of them out")
    checks.callback(on_progress, "on_progress", "a HarvestProgress")
    rule = "it must be the path of a SQLite file, a str or a pathlib.Path"
    file = Path(checks.path(path, "path", rule))
    if file.suffix.lower() in _other_suffixes():
        better = (
            f"write {file.with_suffix('.sqlite')}, whose view `assets` has flat columns for other formats"
        )
        checks.refuse("path", str(file), f"it would be an SQLite file, whatever its name says: {better}")
    return file.absolute()


def _other_suffixes() -> set[str]:
    """Give the suffixes of names that promise another format."""
    others = [each for each in (*FORMATS.values(), *OF_TABLES.values()) if not each.database]
    return {f".{PAGE}", ".htm", ".txt", ".tsv", ".xlsx"}.union(*(each.suffixes for each in others))


def wanted(search: object, index: int, *, project_id: str | None, scan: bool, max_hits: int | None) -> Wanted:
    """Give what the ledger has to know of a search."""
    if not isinstance(search, Search):
        checks.refuse(
            "searches", search, "it is no AssetSearch, ModelSearch or WorkflowSearch", part=f"number {index}"
        )
    each = cast("Any", search)
    if scan:
        check_scannable(each)
    project = hashlib.blake2b((project_id or "").encode(errors="surrogatepass"), digest_size=4).hexdigest()
    placed = any(getattr(each, name) is not None for name in _PLACES) or bool(each.extra_body)
    return Wanted(
        key=f"{each.kind}:{search_digest(each)}:{project}",
        kind=kind_of(each.hit_class),
        text=_shown(each),
        scan=scan,
        max_hits=max_hits,
        can_be_since=max_hits is None and not placed,
    )


def _shown(search: Search[Any]) -> str:
    """Give a search as JSON for people: what was given, with long texts cut."""
    names = [field.name for field in attrs.fields(type(search)) if field.name not in NO_PART_OF_IT]
    given = {name: getattr(search, name) for name in names if getattr(search, name) is not None}
    return mended(json.dumps({name: _cut(value) for name, value in given.items()}, ensure_ascii=False))


def _cut(value: Any) -> Any:  # noqa: ANN401 - any value of a search
    if isinstance(value, Images):
        return _cut(attrs.asdict(value))
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return {str(name): _cut(each) for name, each in named.items()}
    if isinstance(value, (list, tuple)):
        several = cast("Sequence[Any]", value)
        return [_cut(each) for each in several]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
