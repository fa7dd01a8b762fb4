"""Faults of pictures: what may go wrong with the file behind an address."""

from io import BytesIO
from typing import ClassVar

import attrs
from aiohttp import web

from scenario_async.emulator.faults.base import Fault
from scenario_async.emulator.faults.instead import Instead
from scenario_async.emulator.signatures import access_denied


@attrs.frozen
class ExpiredUrl(Instead):
    """A 403 as for the address of a picture that has expired."""

    name: ClassVar[str] = "expired-url"

    async def reply(self) -> web.Response:
        """Refuse the address."""
        return access_denied()


@attrs.frozen
class NoRanges(Fault):
    """A picture comes whole, whatever part of it is asked for."""

    name: ClassVar[str] = "no-ranges"
    ranges: ClassVar[bool] = False


@attrs.frozen
class Changed(Fault):
    """A picture that was replaced: other bytes, and another ETag."""

    name: ClassVar[str] = "changed"

    def showing(self, content: bytes) -> bytes:
        """Give a file that shows the same."""
        return content + b"\0"


@attrs.frozen
class WrongType(Fault):
    """A picture in another format than its `content-type` says: `type` is gif, png, webp or jpeg."""

    name: ClassVar[str] = "wrong-type"
    type: str = attrs.field(default="gif", validator=attrs.validators.in_(("gif", "png", "webp", "jpeg")))

    def showing(self, content: bytes) -> bytes:
        """Encode the picture anew."""
        from PIL import Image  # noqa: PLC0415 - only pictures need it

        file = BytesIO()
        with Image.open(BytesIO(content)) as image:
            image.convert("RGB").save(file, self.type.upper())
        return file.getvalue()
