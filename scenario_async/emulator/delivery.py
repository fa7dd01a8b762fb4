"""The service's content delivery: the pictures behind the addresses of hits, to whoever has the address."""

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import attrs
from aiohttp import ETag, web

from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.subjects import Picture

if TYPE_CHECKING:
    from scenario_async.emulator.faults.base import Fault
    from scenario_async.emulator.library import Library
    from scenario_async.emulator.subjects import AnyPicture
    from scenario_async.emulator.transforms import Transform

_CACHE_CONTROL: Final = "public, max-age=300"
_KEPT_BYTES: Final = 64 * 2**20
_THUMBNAIL_SIDE: Final = 512
_AS_IT_IS: Final = "origin"
_WITHOUT_PICTURES: Final = frozenset({_AS_IT_IS, "auto", "glb", "obj", "fbx"})
"""The formats that can be asked for of what is no picture."""
# The best first: what a browser that names it shows smallest.
_PREFERRED: Final = ("image/avif", "image/webp")
_SHOWN_BY_BROWSERS: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})


@attrs.frozen(eq=False)
class Rendition:
    """The file of a picture as it is sent."""

    content: bytes = attrs.field(repr=False)
    mime_type: str
    etag: str = attrs.field(
        init=False,
        default=attrs.Factory(
            lambda self: blake2b(self.content, digest_size=16).hexdigest(), takes_self=True
        ),
    )


class Renditions:
    """The renditions that were sent last, up to a number of bytes; may be used from any thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._known: OrderedDict[Hashable, Rendition] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._bytes

    def get(self, key: Hashable) -> Rendition | None:
        """Give a rendition that is kept, or None."""
        with self._lock:
            rendition = self._known.get(key)
            if rendition is not None:
                self._known.move_to_end(key)
            return rendition

    def put(self, key: Hashable, rendition: Rendition) -> None:
        """Keep a rendition, unless it would push most of the others out."""
        if len(rendition.content) > self._most_bytes // 4:
            return
        with self._lock:
            self._drop(key)
            self._known[key] = rendition
            self._bytes += len(rendition.content)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._known)))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
            self._bytes = 0

    def _drop(self, key: Hashable) -> None:
        if (rendition := self._known.pop(key, None)) is not None:
            self._bytes -= len(rendition.content)


renditions: Final = Renditions(_KEPT_BYTES)
"""What all emulators of this process sent last: a picture is the same in each."""


async def deliver(library: "Library", request: web.Request, fault: "Fault") -> web.Response:
    """Answer for `/assets/{id}`, `/assets-transform/{id}` or `/thumbnails/{id}`.

    The first gives the original, the second what the parameters ask for (see `transforms`), the last one
    whose longer side has at most 512 pixels. Of an asset that is no picture, the first two give a small file of its
    sort (see `contents`), whatever size is asked for. What has neither, or a picture that cannot be decoded, is a 404.
    The fault may send another file, or all of it where a part is asked for.
    """
    asset_id = request.match_info["id"]
    # In a thread, because a large library may have to be read for what is no asset of its own.
    picture = await asyncio.to_thread(library.picture, asset_id)
    folder = request.path.split("/")[1]
    if picture is None:
        rendition = None
        if folder != "thumbnails" and request.query.get("format", _AS_IT_IS) in _WITHOUT_PICTURES:
            rendition = await asyncio.to_thread(_content, library, asset_id)
        if rendition is None:
            raise ServiceError(404, f"Asset {asset_id} not found, or the emulator has no content for it")
        return await _sent(request, rendition, fault)
    # Apart, because it loads Pillow.
    from scenario_async.emulator.pictures import UnreadableError  # noqa: PLC0415
    from scenario_async.emulator.transforms import AUTO, read_transform  # noqa: PLC0415

    transform = read_transform(request.query) if folder == "assets-transform" else None
    thumbnail = folder == "thumbnails"
    accept = request.headers.get("Accept", "")
    try:
        rendition = await asyncio.to_thread(_rendition, picture, transform, accept, thumbnail=thumbnail)
    except UnreadableError as error:
        raise ServiceError(404, f"The picture of asset {asset_id} cannot be read: {error}") from None
    response = await _sent(request, rendition, fault)
    if transform is not None and transform.format == AUTO:
        response.headers["Vary"] = "Accept"
    return response


def _content(library: "Library", asset_id: str) -> Rendition | None:
    """Give the file of an asset that is no picture."""
    from scenario_async.emulator.contents import content_of  # noqa: PLC0415 - few ask for it

    record = library.get(asset_id)
    made = None if record is None else content_of(record)
    return None if made is None else Rendition(*made)


async def _sent(request: web.Request, rendition: Rendition, fault: "Fault") -> web.Response:
    """Give the answer with a file, or with what a fault makes of it."""
    shown = await asyncio.to_thread(fault.showing, rendition.content)
    if shown is not rendition.content:
        rendition = Rendition(shown, rendition.mime_type)
    response = _response(request, rendition, ranges=fault.ranges)
    response.etag = ETag(rendition.etag)
    response.headers["Cache-Control"] = _CACHE_CONTROL
    return response


def _response(request: web.Request, rendition: Rendition, *, ranges: bool) -> web.Response:
    known = {etag.value for etag in request.if_none_match or ()}
    if known & {rendition.etag, "*"}:
        return web.Response(status=304)
    whole, headers = rendition.content, {"Accept-Ranges": "bytes"} if ranges else {}
    part = _part(request, rendition) if ranges else None
    if part is None:
        return web.Response(body=whole, content_type=rendition.mime_type, headers=headers)
    if part.start >= len(whole):
        headers["Content-Range"] = f"bytes */{len(whole)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(whole)}"
    content = whole[part.start : part.stop]
    return web.Response(status=206, body=content, content_type=rendition.mime_type, headers=headers)


def _part(request: web.Request, rendition: Rendition) -> range | None:
    """Give which bytes are asked for; None for all, also where the file is another one by now."""
    if request.headers.get("If-Range", f'"{rendition.etag}"') != f'"{rendition.etag}"':
        return None
    try:
        asked = request.http_range
    except ValueError:  # several parts at once, or nonsense, which a server may take for nothing
        return None
    if asked.start is None and asked.stop is None:
        return None
    size = len(rendition.content)
    if asked.start is not None and asked.start < 0:
        return range(max(0, size + asked.start), size)
    return range(asked.start or 0, min(size, size if asked.stop is None else asked.stop))


def _rendition(
    picture: "AnyPicture", transform: "Transform | None", accept: str, *, thumbnail: bool
) -> Rendition:
    from scenario_async.emulator.pictures import alone_if_large, encoded, pixels_of  # noqa: PLC0415 - it loads Pillow

    if thumbnail:
        transform = _thumbnail(picture)
    mime_type = picture.mime_type if transform is None else _mime_type(picture, transform, accept)
    key = (picture, _state(picture), transform, mime_type)
    rendition = renditions.get(key)
    if rendition is None:
        if transform is None:
            content = encoded(picture)
        else:
            size = (picture.width, picture.height)
            content = alone_if_large(
                size, lambda: transform.encoded(transform.applied(pixels_of(picture)), mime_type)
            )
        rendition = Rendition(content, mime_type)
        renditions.put(key, rendition)
    return rendition


def _thumbnail(picture: "AnyPicture") -> "Transform | None":
    """Give what makes a thumbnail of a picture: nothing if it is a small one that browsers show."""
    from scenario_async.emulator.transforms import AUTO, Transform  # noqa: PLC0415 - it loads Pillow

    if max(picture.width, picture.height) > _THUMBNAIL_SIDE:
        return Transform(width=_THUMBNAIL_SIDE, height=_THUMBNAIL_SIDE, fit="inside", format=AUTO)
    return None if picture.mime_type in _SHOWN_BY_BROWSERS else Transform(format=AUTO)


def _mime_type(picture: "AnyPicture", transform: "Transform", accept: str) -> str:
    from scenario_async.emulator.transforms import AUTO, ORIGIN, writable  # noqa: PLC0415 - it loads Pillow

    match transform.format:
        case name if name == AUTO:
            named = _named(accept)
            better = (type_ for type_ in _PREFERRED if type_ in named and writable(type_))
            usual = picture.mime_type if picture.mime_type in _SHOWN_BY_BROWSERS else "image/png"
            return next(better, usual)
        case name if name == ORIGIN:
            return picture.mime_type
        case name if writable(f"image/{name}"):
            return f"image/{name}"
        case name:
            raise bad_request(f'"format" must be one that the emulator\'s Pillow can write, not {name!r}')


def _named(accept: str) -> set[str]:
    """Give the mime types that an Accept header names itself, without those that it refuses."""
    named = set[str]()
    for part in accept.lower().split(","):
        mime_type, *parameters = (piece.strip() for piece in part.split(";"))
        if not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
            named.add(mime_type)
    return named


def _state(picture: "AnyPicture") -> Hashable:
    """Tell what a user's file is like now, so that a changed one is read anew."""
    from scenario_async.emulator.pictures import UnreadableError  # noqa: PLC0415 - it loads Pillow

    if isinstance(picture, Picture):
        return None
    try:
        state = picture.path.stat()
    except OSError as error:
        raise UnreadableError(error.strerror) from None
    return state.st_mtime_ns, state.st_size
