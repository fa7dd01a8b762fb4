"""What was found so far: hits by their ids, and their pictures, fetched when somebody looks at them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._downloads.formats import HEAD, sniffed
from scenario_async._looks.addresses import addresses_of
from scenario_async._looks.loading import Loading
from scenario_async._looks.thumbnails import SIDE, Missing, Shown, Thumbnails
from scenario_async._tables.unsigned import unsigned
from scenario_async.errors import InvalidSearchError
from scenario_async.images import travelling

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scenario_async import AsyncScenario
    from scenario_async.models import Hit

LARGE: Final = 1280
_AT_ONCE: Final = 8
_MOST_HITS: Final = 100_000
_MOST_PICTURES: Final = 40
_BROWSERS: Final = {
    "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif",
    "bmp": "image/bmp",
}  # fmt: skip
_DROPPED: Final = "~"
"""What the names of dropped pictures begin with, which no id does."""


def _size_of(hit: Hit) -> list[int] | str:
    """Guess how large the thumbnail of a hit is, from what it says of itself; or give why there is none."""
    urls, expired = addresses_of(hit)
    if not urls:
        return "expired" if expired else "none"
    metadata: Any = getattr(hit, "metadata", None)
    width, height = (getattr(metadata, name, None) or 0 for name in ("width", "height"))
    if metadata is None or metadata.kind != "image" or width <= 0 or height <= 0:
        return [SIDE, SIDE]
    return [SIDE, max(1, round(SIDE * height / width))]


class Pictures:
    """Pictures that were dropped or pasted: kept while the explorer runs, the last ones of them."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, bytes] = OrderedDict()

    def keep(self, content: bytes) -> str:
        """Keep a picture, and give its name; `InvalidSearchError` for what is none."""
        travelling(content, "image")
        name = _DROPPED + sha256(content).hexdigest()[:16]
        self._by_name[name] = content
        self._by_name.move_to_end(name)
        while len(self._by_name) > _MOST_PICTURES:
            self._by_name.popitem(last=False)
        return name

    def content(self, name: str) -> bytes | None:
        """Give a picture's bytes, None if it is not here."""
        return self._by_name.get(name)

    def travelling(self, name: str) -> str:
        """Give what travels for a picture that the page names: a data URL for one that was dropped, else its id."""
        if not name.startswith(_DROPPED):
            return name
        content = self._by_name.get(name)
        if content is None:
            message = "the picture is no longer here: drop it again"
            raise InvalidSearchError(message, parameter="image")
        return travelling(content, "image")


@attrs.frozen
class Served:
    """A picture as a browser gets it."""

    content: bytes
    mime_type: str


class Finds:
    """The hits that the page has seen, and what loads their pictures."""

    def __init__(self, client: AsyncScenario) -> None:
        self.pictures: Pictures = Pictures()
        self.thumbnails: Thumbnails = Thumbnails()
        self._hits: OrderedDict[str, Hit] = OrderedDict()
        self._shown_by: dict[str, str] = {}
        caller: Any = client._caller  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - out of sight of users, not of this package
        self._loading = Loading(caller, self.thumbnails)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def aclose(self) -> None:
        """Close the connections to the picture host."""
        await self._loading.aclose()

    def keep(self, hits: Iterable[Hit]) -> None:
        """Remember hits, with the addresses that came last."""
        for hit in hits:
            self._hits[hit.id] = hit
            self._hits.move_to_end(hit.id)
            if hit.thumbnail is not None:
                self._shown_by[hit.thumbnail.asset_id] = hit.id
        while len(self._hits) > _MOST_HITS:
            _, oldest = self._hits.popitem(last=False)
            if oldest.thumbnail is not None:
                self._shown_by.pop(oldest.thumbnail.asset_id, None)

    def hits(self, ids: Iterable[str]) -> list[Hit]:
        """Give the hits of some ids that were seen."""
        return [self._hits[each] for each in dict.fromkeys(ids) if each in self._hits]

    def told(self, hits: Iterable[Hit]) -> list[dict[str, Any]]:
        """Give hits as the page takes them: without signatures, and with the size of what is to be shown."""
        return [{"hit": unsigned(hit).to_dict(), "look": self._look_of(hit)} for hit in hits]

    def _look_of(self, hit: Hit) -> list[int] | str:
        look = self.thumbnails.of(hit)
        if isinstance(look, Shown):
            return [look.width, look.height]
        if isinstance(look, Missing) and not self.thumbnails.to_load([hit]):
            return look.reason
        return _size_of(hit)  # there may be another address by now

    async def thumbnail(self, identifier: str) -> Served | None:
        """Give the thumbnail of a hit, or what is one of a hit; None where there is none, and `reason` tells why."""
        if (content := self.pictures.content(identifier)) is not None:
            return _served(content)
        hit = self._hits.get(identifier) or self._hits.get(self._shown_by.get(identifier, ""))
        if hit is None:
            return None
        if self.thumbnails.to_load([hit]):
            async with self._turns:
                if self.thumbnails.to_load([hit]):  # somebody else may have loaded it meanwhile
                    self.thumbnails.put(hit, await self._loading.look_of(hit))
        look = self.thumbnails.of(hit)
        return Served(look.data, look.mime_type) if isinstance(look, Shown) else None

    async def large(self, identifier: str) -> Served | None:
        """Give a picture that fills a screen, None where there is none that browsers show."""
        hit = self._hits.get(identifier)
        content = None if hit is None else await self._loading.large_of(hit, LARGE)
        return None if content is None else _served(content)

    def reason(self, identifier: str) -> str:
        """Tell why a thumbnail of a hit is not seen; one that is here is one that the browser could not show."""
        hit = self._hits.get(identifier)
        look = None if hit is None else self.thumbnails.of(hit)
        if isinstance(look, Shown):
            return "broken"
        return "unloaded" if look is None else look.reason


def _served(content: bytes) -> Served | None:
    mime_type = _BROWSERS.get(sniffed(content[:HEAD]) or "")
    return None if mime_type is None else Served(content, mime_type)
