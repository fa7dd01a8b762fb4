"""FastAPI: every parameter of a search as one of an endpoint, for tools of your own; bad values are a 422."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from scenario_async import AssetHit, AssetSearch, AsyncScenario, InvalidSearchError


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncScenario() as client:
        app.state.search = client.search
        yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(InvalidSearchError)
async def refused(_: Request, error: InvalidSearchError) -> JSONResponse:
    detail = {"type": "invalid_search", "loc": ["query", error.parameter], "msg": error.message}
    return JSONResponse({"detail": [detail]}, status_code=422)


@app.get("/assets")
async def assets(request: Request, asked: Annotated[AssetSearch, Depends(AssetSearch)]) -> list[AssetHit]:
    return (await request.app.state.search.run(asked)).hits


@app.post("/assets")
async def posted(request: Request, asked: Annotated[AssetSearch, Body()]):  # noqa: ANN201
    return await request.app.state.search.run(asked)
