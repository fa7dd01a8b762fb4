"""Paths that cannot be, and functions that would never be awaited: refused by every call, before any request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from download.running import download
from export.running import export
from support.hits import asset, assets
from support.servers import paged

from scenario_async import AssetHit, AssetSearch, HitTable, InvalidSearchError

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH = AssetSearch(query="knight")
TABLE = HitTable([AssetHit.from_dict(asset())])


def calls(face: Face) -> dict[str, Any]:
    """Give what takes a path."""
    return {
        "export": partial(export, face, SEARCH),
        "harvest": partial(face.harvest, [SEARCH]),
        "download": partial(download, face, ["asset_1"]),
        "write": partial(TABLE.write, format="jsonl"),
        "gallery": TABLE.gallery,
    }


@pytest.mark.parametrize("call", ["export", "harvest", "download", "write", "gallery"])
@pytest.mark.parametrize("wrong", [("a\0b", r"it holds U\+0000"), ("a\ud800b", "that no path of this")])
def test_paths_that_no_system_has(
    connect: Connect, serve: Serve, tmp_path: Path, call: str, wrong: tuple[str, str]
) -> None:
    """They are named like any other wrong parameter, as texts and as paths."""
    server, (name, rule) = serve(paged(assets(3))), wrong
    parameter = "folder" if call == "download" else "path"
    for path in (str(tmp_path / f"{name}.csv"), tmp_path / f"{name}.csv"):
        with pytest.raises(InvalidSearchError, match=rule) as caught:
            calls(connect(server.base_url))[call](path)
        assert caught.value.parameter == parameter
    assert not server.requests
    assert list(tmp_path.iterdir()) == []


class Told:
    """An object that is told, to be awaited."""

    async def __call__(self, progress: object) -> None:
        """Take it."""


async def told(progress: object) -> None:
    """Take it."""


@pytest.mark.parametrize("call", ["export", "harvest", "download"])
@pytest.mark.parametrize("function", [told, Told(), partial(told)])
def test_functions_that_would_never_be_awaited(
    connect: Connect, serve: Serve, tmp_path: Path, call: str, function: Any
) -> None:
    """What is told how far it is, is called and no more."""
    server = serve(paged(assets(3)))
    with pytest.raises(
        InvalidSearchError, match="it is called and not awaited: it must be a plain function of"
    ):
        calls(connect(server.base_url))[call](tmp_path / "x.csv", on_progress=function)
    assert not server.requests
    assert list(tmp_path.iterdir()) == []
