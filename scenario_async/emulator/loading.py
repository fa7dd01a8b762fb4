"""Libraries from files: hits as JSON, or one on each line, or in a database that exports and harvests make.

A hit that was saved names pictures on the service's own servers. Here its addresses become the emulator's,
so that everything it shows can be fetched.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import attrs

from scenario_async.emulator.attributes import KINDS, Kind, Record
from scenario_async.emulator.hits import PICTURED
from scenario_async.emulator.rows import EncodedRecords, Rows
from scenario_async.emulator.sample import address_of

Progress: TypeAlias = Callable[[int, int], None]
"""Is told now and then how much is done, and how much there is."""

_LINES: Final = frozenset({".jsonl", ".ndjson"})
_OF_PREFIX: Final[Mapping[str, Kind]] = {"model": "models", "workflow": "workflows"}
_STEP: Final = 1000
_DATABASE: Final = b"SQLite format 3\0"
_GONE: Final = """
WHERE NOT EXISTS (SELECT 1 FROM found WHERE hit = id)
OR EXISTS (SELECT 1 FROM found WHERE hit = id AND gone_at IS NULL)
"""


def read_rows(file: Path, progress: Progress | None = None) -> Mapping[Kind, Rows]:
    """Read a file of hits, which are of the kind that their ids begin with, and assets otherwise.

    A file `.jsonl` or `.ndjson` has a hit on each line; any other is one JSON value: a list of hits, the
    reply of a search, or an object with lists under `assets`, `models` and `workflows`. What is none of
    these is a `ValueError` that says where; progress counts bytes of lines, or hits. A SQLite file is one of an
    export or a harvest; hits that a harvest knows to be gone are not served.
    """
    with file.open("rb") as opened:
        is_database = opened.read(len(_DATABASE)) == _DATABASE
    if is_database:
        hits = _rows(file, progress)
    else:
        hits = _lines(file, progress) if file.suffix.lower() in _LINES else _values(file, progress)
    found: dict[Kind, _Found] = {kind: _Found() for kind in KINDS}
    for where, kind, hit in hits:
        if not isinstance(hit, dict) or not isinstance(id_ := cast("Record", hit).get("id"), str):
            raise ValueError(f"{where}: not a hit, which is an object with an `id`")  # noqa: TRY004 - no matter of types
        kind_: Kind = kind or _OF_PREFIX.get(id_.partition("_")[0], "assets")
        if id_ in found[kind_].positions:
            raise ValueError(f"{where}: {id_} is in {kind_} already")
        found[kind_].add(id_, _at_home(cast("Record", hit)))
    return {kind: EncodedRecords(each.texts, each.positions) for kind, each in found.items()}


@attrs.frozen
class _Found:
    """The hits of a kind so far."""

    texts: list[bytes] = attrs.field(factory=list[bytes])
    positions: dict[str, int] = attrs.field(factory=dict[str, int])

    def add(self, id_: str, hit: Record) -> None:
        self.positions[id_] = len(self.texts)
        self.texts.append(json.dumps(hit, separators=(",", ":")).encode())


def _rows(file: Path, progress: Progress | None) -> Iterator[tuple[str, Kind | None, object]]:
    try:
        with closing(_opened(file)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
            if "hits" not in tables:
                raise ValueError(
                    f"{file}: a database without a table `hits`, as exports and harvests make it"
                )
            kept = _GONE if "found" in tables else ""
            [count] = database.execute(f"SELECT count(*) FROM hits {kept}").fetchone()  # noqa: S608 - our own words
            asked = f"SELECT id, kind, data FROM hits {kept} ORDER BY rowid"  # noqa: S608 - as above
            for number, (id_, kind, data) in enumerate(database.execute(asked), 1):
                where = f"{file}, hit {id_}"
                yield where, _OF_PREFIX.get(kind, "assets"), _decoded(data, where)
                if progress is not None and (number % _STEP == 0 or number == count):
                    progress(number, count)
    except sqlite3.Error as error:
        raise ValueError(f"{file}: the database cannot be read: {error}") from None


def _opened(file: Path) -> sqlite3.Connection:
    """Open a database to read it; one beside which nothing may be written is read as it is, unless a log belongs to it."""
    address = file.absolute().as_uri()
    database = sqlite3.connect(f"{address}?mode=ro", uri=True)
    try:
        database.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        database.close()
        log = file.with_name(f"{file.name}-wal")
        if log.exists() and log.stat().st_size:
            raise ValueError(
                f"{file}: the database cannot be read ({error}), as some of it is still in {log.name}, and this folder "
                "cannot be written to: copy both to one that can"
            ) from None
        return sqlite3.connect(f"{address}?immutable=1", uri=True)
    return database


def _lines(file: Path, progress: Progress | None) -> Iterator[tuple[str, Kind | None, object]]:
    size, done = file.stat().st_size, 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            done += len(line)
            if line.strip():
                where = f"{file}, line {number}"
                yield where, None, _decoded(line, where)
            if progress is not None and number % _STEP == 0:
                progress(done, size)
    if progress is not None:
        progress(size, size)


def _values(file: Path, progress: Progress | None) -> Iterator[tuple[str, Kind | None, object]]:
    read = file.read_bytes()
    if not read.strip():
        raise ValueError(f"{file}: the file is empty; a library of nothing is an empty list, []")
    content = _decoded(read, str(file))
    lists: list[tuple[Kind | None, object]]
    if isinstance(content, dict):
        library = cast("dict[str, object]", content)
        lists = [(None, library["hits"])] if "hits" in library else []
        lists.extend((kind, library[kind]) for kind in KINDS if kind in library)
    else:
        lists = [(None, content)]
    if not lists or not all(isinstance(hits, list) for _, hits in lists):
        raise ValueError(
            f"{file}: expected a list of hits, an object with `hits`, or one with lists under "
            f"{', '.join(f'`{kind}`' for kind in KINDS)}"
        )
    found: list[tuple[Kind | None, object]] = [
        (kind, hit) for kind, hits in lists for hit in cast("list[object]", hits)
    ]
    for number, (kind, hit) in enumerate(found, 1):
        yield f"{file}, hit {number}", kind, hit
        if progress is not None and (number % _STEP == 0 or number == len(found)):
            progress(number, len(found))


def _decoded(content: bytes | str, where: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON: {error}") from None


def _at_home(hit: Record) -> Record:
    """Give a hit whose pictures are at the emulator's own addresses."""
    moved: dict[str, Any] = {}
    if isinstance(hit.get("url"), str):
        moved["url"] = address_of("assets-transform", hit["id"])
    for name in PICTURED:
        if isinstance(shown := hit.get(name), dict) and "assetId" in shown:
            picture = cast("dict[str, Any]", shown)
            moved[name] = {**picture, "url": address_of("assets-transform", picture["assetId"])}
    return {**hit, **moved}
