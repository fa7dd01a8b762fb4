"""`--output`: a file that grows in a journal beside it, so that it can be gone on with after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenario_async import Scenario
    from scenario_async.cli.extent import Extent
    from scenario_async.cli.progress import Progress
    from scenario_async.cli.writing import Wish
    from scenario_async.searches import Search


def export(client: Scenario, search: Search[Any], extent: Extent, wish: Wish, progress: Progress) -> None:
    """Read into a file, and say on a terminal what is there now."""
    raise NotImplementedError
