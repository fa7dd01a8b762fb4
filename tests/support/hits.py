"""Hits as the service sends them."""

from __future__ import annotations

from typing import Any

MOMENT = "2025-01-16T11:19:41.579Z"


def asset(identifier: str = "asset_1", **fields: Any) -> dict[str, Any]:
    """Give the JSON of an asset hit, with some fields in place of the usual ones."""
    return {
        "id": identifier,
        "authorId": "user_1",
        "collectionIds": [],
        "createdAt": MOMENT,
        "metadata": {"kind": "image", "width": 1024, "height": 1024.0, "prompt": "a knight"},
        "mimeType": "image/png",
        "nsfw": [],
        "ownerId": "proj_1",
        "privacy": "private",
        "tags": ["knight"],
        "teamId": "team_1",
        "updatedAt": MOMENT,
        "url": f"https://cdn.example/assets/{identifier}?Policy=p&Signature=s3cr3t",
        **fields,
    }


def assets(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Give so many asset hits with ids in order."""
    return [asset(f"asset_{number:05}") for number in range(start, start + count)]


def model(identifier: str = "model_1", **fields: Any) -> dict[str, Any]:
    """Give the JSON of a model hit."""
    shared = asset(identifier)
    for name in ("metadata", "mimeType", "nsfw", "url"):
        del shared[name]
    own = {
        "capabilities": ["txt2img"],
        "concepts": [{"modelId": "model_2"}],
        "exampleAssetIds": [],
        "name": "Knights",
        "shortDescription": "",
        "source": "other",
        "trainingImagesNumber": 12,
        "type": "custom",
    }
    return {**shared, **own, **fields}


def workflow(identifier: str = "workflow_1", **fields: Any) -> dict[str, Any]:
    """Give the JSON of a workflow hit."""
    shared = asset(identifier)
    for name in ("metadata", "mimeType", "nsfw", "url"):
        del shared[name]
    return {**shared, "description": "", "name": "Upscale", "status": "ready", **fields}
