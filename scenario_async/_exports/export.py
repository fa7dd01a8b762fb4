"""What an export says of itself, as users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from scenario_async._annotations import evaluable

if TYPE_CHECKING:
    from pathlib import Path

    from scenario_async.pages import StopReason


@evaluable
@attrs.frozen(kw_only=True)
class Export:
    """A file that is finished: its `path` (None for a file object), how many `hits` of how many `pages` are in it.

    `requests` is how many this run sent, retries included: one that went on has asked only for the rest.
    """

    path: Path | None
    hits: int
    pages: int
    requests: int
    stopped_because: StopReason


@attrs.frozen(kw_only=True)
class ExportProgress:
    """How far an export is: how many `hits` and `pages` are safe, and how many `requests` this run has sent.

    `total` is how many hits there may be in all, None as long as nothing tells: a hint. `waiting` is how many seconds
    of a 429 are left, while one is waited out, else 0. `written` counts the hits in the file that is made of the
    journal at the end.
    """

    hits: int = 0
    pages: int = 0
    requests: int = 0
    total: int | None = None
    waiting: float = 0.0
    written: int = 0
