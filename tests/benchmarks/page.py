"""The page that everything is measured with: 100 asset hits with all their fields, about 215 KB."""

from __future__ import annotations

from typing import Any

PROMPT = (
    "a knight in silver armour before a castle at dawn, volumetric light, highly detailed, concept art, " * 4
)


def hit(number: int) -> dict[str, Any]:
    """Give the JSON of one hit."""
    identifier = f"asset_{number:022}"
    return {
        "id": identifier,
        "authorId": "user_5f2d8c1b9a7e4d3c",
        "collectionIds": ["collection_1", "collection_2"],
        "createdAt": "2025-01-16T11:19:41.579Z",
        "description": PROMPT,
        "metadata": {
            "aspectRatio": "16:9", "baseModelId": "flux.1-dev", "guidance": 3.5, "height": 1080, "kind": "image",
            "modelId": "model_GTrL3mq4SXWyMxkOHRxlpw", "modelType": "flux.1-lora", "name": f"knight {number}",
            "negativePrompt": "blurry, low quality", "numInferenceSteps": 28, "parentJobId": f"job_{number}",
            "prompt": PROMPT, "scheduler": "EulerDiscrete", "seed": str(number * 7919), "size": 2_345_678,
            "type": "inference-txt2img", "width": 1920,
        },
        "mimeType": "image/png",
        "nsfw": [],
        "ownerId": "proj_GTrL3mq4SXWyMxkOHRxlpw",
        "privacy": "private",
        "score": 0.87,
        "tags": ["knight", "castle", "dawn", "sc:generated"],
        "teamId": "team_GTrL3mq4SXWyMxkOHRxlpw",
        "thumbnail": {"assetId": identifier, "url": f"https://cdn.example/thumbnails/{identifier}"},
        "updatedAt": "2025-01-16T11:19:41.579Z",
        "url": f"https://cdn.example/assets/{identifier}?Policy={'p' * 300}&Signature={'s' * 340}&Key-Pair-Id=K123",
    }  # fmt: skip


PAGE: dict[str, Any] = {
    "hits": [hit(number) for number in range(100)],
    "limit": 100,
    "offset": 0,
    "estimatedTotalHits": 1_000_000,
}
