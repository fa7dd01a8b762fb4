"""What the unit tests share: a clean environment, JSON as the service sends it, and HTTP that is mocked."""

from __future__ import annotations

import logging
import os
import pickle
from inspect import signature
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no variable of the machine reach a test, and no handler of one test reach the next."""
    for name in list(os.environ):
        if name.startswith("SCENARIO_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    logger = logging.getLogger("scenario_async")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(scope="session")
def repickle() -> Callable[[Any], Any]:
    """Give the way through a pickle and back."""

    def through(value: object) -> object:
        return pickle.loads(pickle.dumps(value))  # noqa: S301 - made on this very line

    return through


_SHARED: dict[str, Any] = {
    "authorId": "user_1",
    "collectionIds": ["collection_1"],
    "createdAt": "2024-05-06T07:08:09.123Z",
    "ownerId": "proj_1",
    "privacy": "private",
    "tags": ["sky", "sea"],
    "teamId": "team_1",
    "updatedAt": "2024-05-07T07:08:09Z",
}
_OWN: dict[str, dict[str, Any]] = {
    "asset": {
        "id": "asset_1",
        "metadata": {},
        "mimeType": "image/png",
        "nsfw": [],
        "url": "https://cdn.example.com/assets/asset_1?Policy=p&Signature=s3cr3t",
    },
    "model": {
        "id": "model_1",
        "capabilities": ["txt2img"],
        "concepts": [{"modelId": "model_2"}],
        "exampleAssetIds": [],
        "name": "A model",
        "shortDescription": "Paints",
        "source": "scenario",
        "trainingImagesNumber": 12,
        "type": "flux.1-lora",
    },
    "workflow": {"id": "workflow_1", "description": "Does", "name": "A workflow", "status": "ready"},
}


@pytest.fixture(scope="session")
def raw_hit() -> Callable[..., dict[str, Any]]:
    """Give the way to the JSON of a kind of hit: all required fields, and those that are named."""

    def build(kind: str, /, **fields: Any) -> dict[str, Any]:
        return {**_SHARED, **_OWN[kind], **fields}

    return build


class _WrittenResponse(aiohttp.ClientResponse):
    """A response that knows its request was sent.

    aiohttp 3.14 wants a response to be told of the stream that its request was written to, and aioresponses 0.7.9
    knows nothing of it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "stream_writer" in signature(aiohttp.ClientResponse.__init__).parameters:
            kwargs.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **kwargs)


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Answer every request of aiohttp from here: nothing reaches a network."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _WrittenResponse)
    with aioresponses() as mocked:
        yield mocked
