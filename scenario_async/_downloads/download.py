"""What became of a download, as users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

import attrs

from scenario_async.errors import redact

if TYPE_CHECKING:
    from pathlib import Path

    from scenario_async.errors import ScenarioError

_T_co = TypeVar("_T_co", covariant=True)
DownloadStatus: TypeAlias = Literal["saved", "present", "failed"]


def _shown(hit: object) -> str:
    """Show a hit, also one that is a mapping, without what signs an address."""
    return redact(repr(hit))


@attrs.frozen(kw_only=True)
class Download(Generic[_T_co]):
    """What became of the file of a `hit`.

    `status` is `"saved"`, `"present"` where it had been saved before, or `"failed"`; then `path` and `sha256` are None,
    `bytes` is 0, and `error` tells why.
    """

    hit: _T_co = attrs.field(repr=_shown)
    path: Path | None = None
    status: DownloadStatus
    bytes: int = 0
    sha256: str | None = attrs.field(default=None, repr=False)
    error: ScenarioError | None = None


@attrs.frozen(kw_only=True)
class DownloadProgress:
    """How far a download is: how many files are `done`, of which so many each are saved, present and failed.

    `bytes` counts those of the files saved.
    """

    saved: int = 0
    present: int = 0
    failed: int = 0
    bytes: int = 0

    @property
    def done(self) -> int:
        """How many files need no more waiting for."""
        return self.saved + self.present + self.failed

    def after(self, download: Download[object]) -> DownloadProgress:
        """Count one more."""
        more: dict[str, int] = {download.status: getattr(self, download.status) + 1}
        if download.status == "saved":
            more["bytes"] = self.bytes + download.bytes
        return attrs.evolve(self, **more)
