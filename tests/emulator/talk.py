"""How these tests talk to a running emulator: with aiohttp's client, and never with this project's own."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from json import dumps, loads
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import ClientSession


def basic(key: str = "emulator", secret: str = "emulator") -> str:  # noqa: S107 - what emulators let in
    """Give the `Authorization` of a key pair."""
    return f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}"


@attrs.frozen
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The decoded JSON."""
        return loads(self.content)

    @property
    def ids(self) -> list[str]:
        """The ids of the hits, in their order."""
        return [hit["id"] for hit in self.body["hits"]]


@attrs.frozen
class Talk:
    """A session with one emulator."""

    session: ClientSession
    base_url: str
    authorization: str = basic()

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        params: Mapping[str, str] | None = None,
        authorization: str | None = "usual",
    ) -> Reply:
        """Send one request; a path with a slash before it begins at the host, else at the base URL."""
        authorization = self.authorization if authorization == "usual" else authorization
        headers = {} if authorization is None else {"Authorization": authorization}
        url = urljoin(f"{self.base_url}/", path)
        if json is not None:
            data, headers = dumps(json).encode(), {**headers, "Content-Type": "application/json"}
        # A file, because aiohttp warns of large bodies in any other form.
        file = None if data is None else BytesIO(data)
        async with self.session.request(method, url, data=file, params=params, headers=headers) as response:
            return Reply(response.status, response.headers, await response.read())

    async def search(self, kind: str = "assets", /, **body: Any) -> Any:
        """Search, and give the body of the reply, which must be a 200."""
        reply = await self.send("POST", f"search/{kind}", json=body)
        assert reply.status == 200, reply.body
        return reply.body

    async def ids(self, kind: str = "assets", /, **body: Any) -> list[str]:
        """Search, and give the ids of the hits."""
        page = await self.search(kind, **body)
        return [hit["id"] for hit in page["hits"]]

    async def refusal(self, kind: str = "assets", /, *, status: int = 400, **body: Any) -> str:
        """Search what is refused with this status, and give the reason."""
        reply = await self.send("POST", f"search/{kind}", json=body)
        assert reply.status == status, reply.body
        return cast("str", reply.body["reason"])

    async def picture(self, url: str) -> Reply:
        """Fetch a picture as anybody may, without credentials."""
        return await self.send("GET", url, authorization=None)
