"""What a ledger tells of a search: what is wanted of it, what there is to do, and what a page of it brings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from scenario_async._tables.texts import moment_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scenario_async._tables.sqlite import Rows
    from scenario_async.models import Hit

Refresh: TypeAlias = Literal["", "new", "full"]
"""What a harvest does about searches that are finished: nothing, ask for what is new, or read all again."""
How: TypeAlias = Literal["read", "scan"]
"""How a search is read: page by page, or by a scan."""
_OVERLAP: Final = timedelta(minutes=10)
"""How far before what was surely read what is new is asked for: an index may be late."""
COLUMNS: Final = (
    "number", "kind", "state", "how", "round", "place", "since", "hits", "pages", "max_hits", "stopped_because",
    "complete", "reach", "read_to", "run", "owner", "owned_at",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Wanted:
    """A search that a harvest is asked for, as far as its ledger has to know."""

    key: str
    kind: str
    text: str
    scan: bool
    max_hits: int | None
    can_be_since: bool
    """Whether what is new can be asked for alone."""


@attrs.define(kw_only=True)
class Job:
    """A search that this harvest has taken on: how to read it, and where it stands.

    A round is one reading of it from its beginning. `run` is the refresh that asked for the round, None for the first.
    """

    number: int
    kind: str
    how: How
    round: int
    place: str | None
    since: str | None
    """The moment, or the day, since which hits are asked for, None for all of them."""
    hits: int
    pages: int
    run: int | None
    reach: str | None
    """Up to which moment this round has everything, once it is complete."""
    next_place: int = 0
    """The place of the next hit that this search had not found before."""
    witnesses: Collection[str] = ()
    """Hits of which the service has to show one, or it does not compare moments as it should."""

    def begin(self, how: How) -> None:
        """Make this the beginning of the next round."""
        self.how, self.round = how, self.round + 1
        self.hits, self.pages, self.place, self.reach = 0, 0, None, None


@attrs.frozen(kw_only=True)
class Portion:
    """A page to be written: its hits, where to go on, and why there is nothing behind it."""

    job: Job
    hits: Sequence[Hit]
    place: str | None
    requests: int
    is_page: bool = True
    end: str | None = None
    complete: bool = False
    """Whether that is proved to be the end of all that there is."""
    reach: str | None = None
    rows: Sequence[Rows] = ()
    """The hits as rows, made on the loop: the thread that writes would wait its turn for each step of that."""


def next_job(row: dict[str, Any], wanted: Wanted, run: int | None, refresh: Refresh) -> Job | None:
    """Give what is to be done about a search, None if nothing is; `run` is the number of a refresh under way."""
    how: How = "scan" if wanted.scan else "read"
    names = [field.name for field in attrs.fields(Job) if field.name in row]
    job = Job(**{name: row[name] for name in names})
    newer = run is not None and (job.run or 0) < run
    if row["state"] == "waiting":
        job.how, job.run = how, run
    elif row["state"] != "done":
        # What was begun before this refresh does not tell what is gone; what was new then goes on to be new.
        if newer and (refresh == "full" or job.since is not None):
            _begin_again(job, row, wanted, run, refresh)
        elif job.how != how:
            job.begin(how)
    elif job.how != "scan" and wanted.scan and not row["complete"]:
        job.begin("scan")
        job.run = run if newer else job.run
    elif newer:
        _begin_again(job, row, wanted, run, refresh)
    elif not _goes_further(row, wanted.max_hits):
        return None
    return job


def _begin_again(job: Job, row: dict[str, Any], wanted: Wanted, run: int | None, refresh: Refresh) -> None:
    job.begin("scan" if wanted.scan else "read")
    job.run, job.since = run, None
    if refresh == "new" and wanted.can_be_since and row["read_to"]:
        moment = datetime.fromisoformat(row["read_to"]) - _OVERLAP
        job.since = moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _goes_further(row: dict[str, Any], max_hits: int | None) -> bool:
    """Tell whether more hits are asked for than a search was read up to."""
    if row["stopped_because"] != "max_hits" or row["max_hits"] is None:
        return False
    return max_hits is None or max_hits > int(row["max_hits"])


def now() -> str:
    """Give this moment, as texts sort."""
    return moment_text(datetime.now(UTC))
