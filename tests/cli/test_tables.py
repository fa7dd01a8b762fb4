"""Tables: what stands in them, and that texts from outside stay texts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from scenario_async import AssetHit, AssetMetadata, ModelHit, WorkflowHit
from scenario_async.cli.tables import hits_table, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenario_async import Hit

SHARED: dict[str, Any] = {
    "author_id": "user_1",
    "collection_ids": [],
    "created_at": "2026-01-02T03:04:05Z",
    "owner_id": "proj_1",
    "privacy": "private",
    "tags": [],
    "team_id": "team_1",
    "updated_at": "2026-01-02T03:04:05Z",
}
MODEL = ModelHit(
    **SHARED,
    id="model_1",
    capabilities=[],
    concepts=[],
    example_asset_ids=[],
    name="Pixel Knights",
    short_description="",
    source="training",
    training_images_number=8,
    type="flux.1-lora",
)
WORKFLOW = WorkflowHit(**SHARED, id="workflow_1", description="", name="Knight sheet", status="ready")


def asset(metadata: AssetMetadata, **fields: Any) -> AssetHit:
    """Make an asset."""
    given = SHARED | fields
    return AssetHit(
        **given, id="asset_1", metadata=metadata, mime_type="image/png", nsfw=[], url="https://cdn.example/1"
    )


def rendered(hits: Sequence[Hit], width: int = 80) -> list[str]:
    """Give the lines of a table."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, markup=False)
    console.print(hits_table(hits))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("hit", "header", "row"),
    [
        (
            asset(AssetMetadata(kind="image", width=1024, height=576.0, name="Knight")),
            "asset kind size created name or prompt",
            "asset_1 image 1024x576 2026-01-02 Knight",
        ),
        (
            asset(AssetMetadata(width=1024), tags=["a", "b"]),
            "asset kind size created name or prompt",
            "asset_1 2026-01-02 a, b",
        ),
        (MODEL, "model type created name", "model_1 flux.1-lora 2026-01-02 Pixel Knights"),
        (WORKFLOW, "workflow status created name", "workflow_1 ready 2026-01-02 Knight sheet"),
    ],
)
def test_columns(hit: Hit, header: str, row: str) -> None:
    """Each kind has its columns; what a hit lacks stays empty."""
    head, _, line = rendered([hit])
    assert " ".join(head.split()) == header
    assert " ".join(line.split()) == row


def test_nothing_found() -> None:
    """No hits are told of, too."""
    assert rendered([])[0] == "nothing found"


@pytest.mark.parametrize(
    ("hit", "title"),
    [
        (asset(AssetMetadata(name="name", prompt="prompt"), description="description"), "name"),
        (asset(AssetMetadata(prompt="prompt"), description="description"), "prompt"),
        (asset(AssetMetadata(), description="description", content="content"), "description"),
        (asset(AssetMetadata(), content="content", tags=["tag"]), "content"),
        (asset(AssetMetadata(), tags=["one", "two"]), "one, two"),
        (asset(AssetMetadata()), ""),
        (MODEL, "Pixel Knights"),
        (WORKFLOW, "Knight sheet"),
    ],
)
def test_titles(hit: Hit, title: str) -> None:
    """A hit is called by its name, or by the next best words."""
    assert title_of(hit) == title


def test_texts_from_outside() -> None:
    """A text gives no orders to the terminal, is no markup, and takes one line, cut where there is no room."""
    nasty = asset(AssetMetadata(kind="image", name="a\x1b[2J [red]b[/red] :smile:\r\n\tc " + "long " * 40))
    lines = rendered([nasty])
    assert len(lines) == 3
    assert "\x1b" not in "".join(lines)
    assert "a [2J [red]b[/red]" in lines[2]
    assert lines[2].endswith("…")
    assert len(lines[2]) <= 80
