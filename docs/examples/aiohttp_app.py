"""aiohttp.web: a JSON answer, and hits as JSON lines that stop when the browser leaves."""

import json
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from scenario_async import APIError, AsyncScenario

CLIENT = web.AppKey("client", AsyncScenario)


async def client(app: web.Application) -> AsyncIterator[None]:
    async with AsyncScenario() as app[CLIENT]:
        yield


async def first(request: web.Request) -> web.Response:
    try:
        page = await request.app[CLIENT].search.asset_search(query=request.query.get("about", ""), limit=5)
    except APIError as error:
        raise web.HTTPBadGateway(text="the search failed") from error
    return web.json_response([hit.id for hit in page.hits])


async def every(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
    await response.prepare(request)
    async with request.app[CLIENT].search.asset_search(query=request.query.get("about", "")) as pager:
        async for page in pager.iter_pages():
            lines = "".join(json.dumps(hit.to_dict()) + "\n" for hit in page.hits)
            await response.write(lines.encode())
    return response


app = web.Application()
app.cleanup_ctx.append(client)
app.add_routes([web.get("/search", first), web.get("/all", every)])

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    # Without `handler_cancellation` a handler goes on when the browser has left, until it writes.
    web.run_app(app, host="127.0.0.1", port=port, handler_cancellation=True)
