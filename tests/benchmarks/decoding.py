"""Bytes to a page of 100 asset hits, every field checked."""

from __future__ import annotations

import json
from typing import Any

import orjson
from page import PAGE
from sides import Figure, compared, timed

from scenario_async import AssetHit, Reply
from scenario_async._http.reply import page_content

CONTENT = orjson.dumps(PAGE)
TO_OFFICIAL = "decode 100 hits, to official"
TO_ORJSON = "decode 100 hits, to orjson"


def figures() -> list[Figure]:
    """Compare with the official SDK's models, and with `orjson.loads` alone."""
    from scenario_sdk._models import construct_type  # noqa: PLC0415 - heavy, and measured elsewhere
    from scenario_sdk.pagination import AsyncSearchHitsOffset  # noqa: PLC0415
    from scenario_sdk.types import SearchAssetSearchResponse  # noqa: PLC0415

    reply = Reply(status=200, headers={}, request_id=None, content=CONTENT)
    official: Any = AsyncSearchHitsOffset[SearchAssetSearchResponse]
    taken = compared(
        {
            "ours": timed(lambda: page_content(reply, AssetHit, invalid_hits="raise"), 20),
            "official": timed(lambda: construct_type(type_=official, value=json.loads(CONTENT)), 3),
            "orjson": timed(lambda: orjson.loads(CONTENT), 20),
        }
    )
    ours, models, alone = taken["ours"], taken["official"], taken["orjson"]
    sides = {"ours": ours, "official": models, "floor": alone}
    return [
        Figure(name=TO_OFFICIAL, value=models / ours, goal=12, reach=20, at_least=True, sides=sides),
        Figure(name=TO_ORJSON, value=ours / alone, goal=3.5, reach=2.5, at_least=False, sides=sides),
    ]
