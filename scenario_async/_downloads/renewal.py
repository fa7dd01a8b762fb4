"""New addresses for those that have expired: by the ids of their assets, many with one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._http.request import free_request
from scenario_async.errors import APIResponseValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenario_async._calls.call import Caller

MOST_IDS: Final = 200
"""So many the service takes at once."""


async def renewed(caller: Caller, ids: Sequence[str], *, original: bool) -> dict[str, str]:
    """Give the new addresses of assets, of as many as the service knows; raises `APIError` as any call does."""
    query = {} if caller.settings.project_id is None else {"projectId": caller.settings.project_id}
    request = free_request(
        caller.settings,
        "POST",
        "/assets/get-bulk",
        json={"assetIds": list(ids)},
        query=query | ({"originalAssets": "true"} if original else {}),
        headers=None,
        timeout=None,
    )
    reply = await caller.call(request)
    content = reply.json()
    assets: Any = cast("dict[str, Any]", content).get("assets") if isinstance(content, dict) else None
    if not isinstance(assets, list):
        raise APIResponseValidationError(
            "the reply to get-bulk has no list of assets", method=reply.method, url=reply.url
        )
    found: dict[str, str] = {}
    for each in cast("list[object]", assets):
        asset = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
        id_, url = asset.get("id"), asset.get("url")
        if isinstance(id_, str) and isinstance(url, str) and url:
            found[id_] = url
    return found
