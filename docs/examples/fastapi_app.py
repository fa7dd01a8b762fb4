"""FastAPI: hits as server-sent events that a browser resumes, and a plain answer that ends when it leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from scenario_async import APIError, AssetHit, AssetSearch, AsyncScenario, F, InvalidSearchError, SearchPager


class Wanted(BaseModel, extra="forbid"):  # all that a stranger may set
    about: str = Field(min_length=1, max_length=200)
    kind: str | None = None
    page: int = Field(1, ge=1, le=50)

    def search(self) -> AssetSearch:
        kind = None if self.kind is None else F.kind == self.kind
        return AssetSearch(query=self.about, filter=kind, page=self.page, hits_per_page=5, deadline=20)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncScenario() as client:
        app.state.search = client.search
        yield


app = FastAPI(lifespan=lifespan)


def hits_of(
    request: Request, about: str, last_event_id: Annotated[str | None, Header()] = None
) -> SearchPager[AssetHit]:
    search = AssetSearch(query=about, limit=20)
    try:
        if last_event_id:
            return request.app.state.search.resume(last_event_id, search)
        return request.app.state.search.run(search)
    except InvalidSearchError as error:
        raise HTTPException(400, "the Last-Event-ID belongs to another search") from error


@app.get("/stream", response_class=EventSourceResponse)
async def stream(
    pager: Annotated[SearchPager[AssetHit], Depends(hits_of)],
) -> AsyncIterator[ServerSentEvent]:
    try:
        async with pager:  # leaving it closes the request that is under way
            async for hit in pager:
                shown = {"asset": hit.id, "name": hit.metadata.name}
                yield ServerSentEvent(event="hit", data=shown, id=pager.resume_token)
        yield ServerSentEvent(event="end", data=pager.stopped_because)
    except APIError as error:  # the status is long sent, so the stream says it
        yield ServerSentEvent(event="failed", data={"again": error.retryable})


@app.get("/search")
async def search(request: Request, wanted: Annotated[Wanted, Query()]) -> list[str]:
    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    async def found() -> list[str]:
        page = await request.app.state.search.run(wanted.search())
        return [hit.id for hit in page.hits]

    tasks = found_task, left_task = asyncio.create_task(found()), asyncio.create_task(left())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not found_task.done():
            raise HTTPException(499, "the browser left")  # nobody reads it; the log does
        return found_task.result()
    except APIError as error:
        raise HTTPException(502, "the search failed") from error
    finally:
        found_task.cancel()
        left_task.cancel()


@app.get("/search-to-the-end")
async def search_to_the_end(request: Request, wanted: Annotated[Wanted, Query()]) -> list[str]:
    page = await request.app.state.search.run(wanted.search())
    return [hit.id for hit in page.hits]
