"""Compressed bodies: decompressed as they arrive, and no further than a cap."""

from __future__ import annotations

import zlib
from typing import Any, Final

from scenario_async.errors import APIResponseValidationError, redact

ENCODINGS: Final = "gzip, deflate"
"""What our requests ask for: all that can be decompressed here."""

_MOST_MEMBERS: Final = 1000
_GZIP, _ZLIB, _RAW = 31, 15, -15


class UndecodableError(APIResponseValidationError):
    """A body is not what its content-encoding says."""


class Inflater:
    """Decompresses one body: gzip, of several members too, or deflate, with zlib's frame or bare.

    `taken` is how many bytes came out. More than `most` are an `APIResponseValidationError`, as is what is damaged.
    """

    def __init__(self, encoding: str, most: int) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise _undecodable(f"it is {redact(encoding)!r}, and only {ENCODINGS} can be")
        self._gzip = encoding != "deflate"
        self._most = most
        self._start = b""
        self._members = 0
        self._stream: Any = None
        self.taken = 0

    def inflate(self, chunk: bytes) -> bytes:
        """Give what a chunk decompresses to."""
        pieces: list[bytes] = []
        while chunk:
            if self._stream is None or self._stream.eof:
                chunk = self._begun(chunk)
                continue
            try:
                piece = self._stream.decompress(chunk, self._most - self.taken + 1)
            except zlib.error as error:
                raise _undecodable(str(error)) from None
            self.taken += len(piece)
            if self.taken > self._most:
                raise too_large(self._most)
            pieces.append(piece)
            chunk = self._stream.unused_data
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> None:
        """Refuse a body that ends before its compressed data does."""
        if self._start or (self._stream is not None and not self._stream.eof):
            raise _undecodable("it ends too early")

    def _begun(self, chunk: bytes) -> bytes:
        """Begin a member, and give what of the chunk is its data."""
        if self._stream is not None:
            if not self._gzip:
                return b""  # what follows a deflate stream is nothing
            chunk = chunk.lstrip(b"\0")  # as writers pad to whole blocks
        if not chunk:
            return b""
        chunk = self._start + chunk
        if not self._gzip and len(chunk) == 1:
            self._start = chunk
            return b""
        self._start = b""
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise _undecodable(f"it has more than {_MOST_MEMBERS:,} gzip members")
        framed = chunk[0] & 15 == zlib.DEFLATED and int.from_bytes(chunk[:2], "big") % 31 == 0
        self._stream = zlib.decompressobj(_GZIP if self._gzip else _ZLIB if framed else _RAW)
        return chunk


def too_large(most: int) -> APIResponseValidationError:
    """Give the error of a body over the cap."""
    return APIResponseValidationError(f"the reply is larger than max_response_bytes ({most})")


def _undecodable(reason: str) -> UndecodableError:
    return UndecodableError(f"the reply's body cannot be decompressed: {reason}")
