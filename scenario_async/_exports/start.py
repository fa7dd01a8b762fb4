"""Where an export begins: what a caller asks for is checked, and a place is found for it."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from scenario_async._exports.asking import Pages, PlannedScan
from scenario_async._exports.journal import Purpose
from scenario_async._exports.kept import Kept
from scenario_async._exports.run import Plan, Run
from scenario_async._exports.sink import What
from scenario_async._exports.streamed import Streamed, out_of
from scenario_async._paging.patience import patient
from scenario_async._paging.position import Position
from scenario_async._paging.token import make_token
from scenario_async._scans.start import check_scannable
from scenario_async._support import checks
from scenario_async._tables.formats import format_of
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._exports.export import ExportProgress
    from scenario_async._exports.sink import Sink
    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.formats import Format

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Writable(Protocol):
    """A file object that takes bytes, or texts."""

    def write(self, content: Any, /) -> object:  # noqa: ANN401
        """Take some."""
        ...


def begun(
    source: PageSource[Any],
    path: object,
    *,
    format: str | None,
    max_hits: object,
    scan: object,
    resume: object,
    overwrite: object,
    flat: object,
    prefetch: object,
    on_progress: Callable[[ExportProgress], object] | None,
) -> Run:
    """Give an export that waits to be opened; `InvalidSearchError` for what cannot be done."""
    most = checks.integer(max_hits, "max_hits", least=0)
    ahead = checks.integer(prefetch, "prefetch", least=0) or 0
    scans = bool(checks.truth(scan, "scan"))
    if scans:
        check_scannable(source.search)
        if most is not None:
            checks.refuse("max_hits", most, "a scan reads every hit: leave one of them out")
    resumes, overwrites = (
        bool(checks.truth(value, name)) for value, name in ((resume, "resume"), (overwrite, "overwrite"))
    )
    checks.callback(on_progress, "on_progress", "an ExportProgress")
    how, file = _target(path, format)
    what = What(how, source.search.hit_class, bool(checks.truth(flat, "flat")))
    flat_rows = what.layout().flat
    sink: Sink
    if isinstance(file, Path):
        start = Position.first(source.search, default_size=LARGEST_PAGE)
        assert source.caller is not None  # noqa: S101 - it was made just now
        purpose = Purpose(
            token=make_token(source.search, start, ()),
            project=_digest(source.caller.settings.project_id),
            format=how.name,
            flat=flat_rows,
            max_hits=most,
            scan=scans,
        )
        sink = Kept(what, file, purpose, resume=resumes, overwrite=overwrites)
    else:
        if resumes:
            checks.refuse("resume", resumes, "only an export to a path can go on")
        sink = Streamed(what, out_of(file, how.name))
    asked = (
        PlannedScan(patient(source), prefetch=ahead)
        if scans
        else Pages(patient(source), max_hits=most, prefetch=ahead)
    )
    return Run(Plan(asked=asked, sink=sink, max_hits=most, on_progress=on_progress))


def _target(path: Any, format: str | None) -> tuple[Format, Any]:  # noqa: ANN401
    """Give the format, and a path or a file object."""
    if path == "-":
        how = format_of("-", format or "jsonl")
        return _streamable(how, path), getattr(sys.stdout, "buffer", sys.stdout)
    if isinstance(path, (str, os.PathLike)):
        text = checks.path(cast("object", path), "path", "it must be a str or a pathlib.Path") if path else ""
        if _URL.match(text):
            way = (
                'open it, with fsspec for instance, and pass the file: `with fsspec.open(path, "wb") as file`'
            )
            checks.refuse("path", text, f"it is no path of this machine; {way}")
        return format_of(text, format), Path(text).absolute()
    if not callable(getattr(path, "write", None)):
        checks.refuse(
            "path", path, 'it must be a str, a pathlib.Path, "-" or a file that is open for writing'
        )
    if format is None:
        name = getattr(path, "path", None) or getattr(path, "name", None)
        if not isinstance(name, str):
            checks.refuse("format", format, "a file object needs one that is named, such as format='jsonl'")
        return _streamable(format_of(name), path), path
    return _streamable(format_of("-", format), path), path


def _streamable(how: Format, path: object) -> Format:
    if how.database:
        checks.refuse("path", path, f"{how.name} is written to a path, as it is no stream")
    return how


def _digest(text: str | None) -> str:
    return hashlib.blake2b((text or "").encode(errors="surrogatepass"), digest_size=8).hexdigest()
