"""What became of a download, as users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

import attrs

from scenario_async._annotations import evaluable
from scenario_async.errors import redact

if TYPE_CHECKING:
    from pathlib import Path

    from scenario_async.errors import ScenarioError

_T_co = TypeVar("_T_co", covariant=True)
DownloadStatus: TypeAlias = Literal["saved", "present", "failed"]
"""What became of a file: it was saved, it had been saved before, or it failed."""


def _shown(hit: object) -> str:
    """Show a hit, also one that is a mapping, without what signs an address."""
    return redact(repr(hit))


@evaluable
@attrs.frozen(kw_only=True)
class Download(Generic[_T_co]):
    """What became of the file of a hit."""

    hit: _T_co = attrs.field(repr=_shown)
    """What was given to the download."""
    path: Path | None = None
    """Where the file is, None if it failed."""
    status: DownloadStatus
    """Whether it was saved, had been saved before, or failed."""
    bytes: int = 0
    """The size of the file in bytes, 0 if it failed."""
    sha256: str | None = attrs.field(default=None, repr=False)
    """The SHA-256 of the file, None if it failed."""
    error: ScenarioError | None = None
    """Why it failed, None if it did not."""


@attrs.frozen(kw_only=True)
class DownloadProgress:
    """How far a download is."""

    saved: int = 0
    """How many files were saved."""
    present: int = 0
    """How many files had been saved before."""
    failed: int = 0
    """How many files failed."""
    bytes: int = 0
    """How many bytes were saved."""

    @property
    def done(self) -> int:
        """How many files are saved, present or failed."""
        return self.saved + self.present + self.failed

    def after(self, download: Download[object]) -> DownloadProgress:
        """Count one more."""
        more: dict[str, int] = {download.status: getattr(self, download.status) + 1}
        if download.status == "saved":
            more["bytes"] = self.bytes + download.bytes
        return attrs.evolve(self, **more)
