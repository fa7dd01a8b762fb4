"""Records as users of the emulator write them by hand."""

from __future__ import annotations

from typing import Any

PROJECT = "proj_1"
MOMENT = "2024-05-01T08:00:00.000Z"

_SHARED: dict[str, Any] = {
    "authorId": "user_1",
    "collectionIds": [],
    "createdAt": MOMENT,
    "ownerId": PROJECT,
    "privacy": "private",
    "tags": [],
    "teamId": "team_1",
    "updatedAt": MOMENT,
}


def asset(id: str, metadata: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Give an asset, with some fields in place of the usual ones."""
    own: dict[str, Any] = {"mimeType": "image/png", "nsfw": [], "url": f"/assets-transform/{id}?p=100"}
    return {"id": id, **_SHARED, **own, "metadata": metadata or {}, **fields}


def model(id: str, **fields: Any) -> dict[str, Any]:
    """Give a model."""
    own: dict[str, Any] = {
        "capabilities": [],
        "concepts": [],
        "exampleAssetIds": [],
        "name": "Model",
        "shortDescription": "",
        "source": "other",
        "trainingImagesNumber": 0,
        "type": "custom",
    }
    return {"id": id, **_SHARED, **own, **fields}


def workflow(id: str, **fields: Any) -> dict[str, Any]:
    """Give a workflow."""
    return {"id": id, **_SHARED, "description": "", "name": "Workflow", "status": "ready", **fields}
