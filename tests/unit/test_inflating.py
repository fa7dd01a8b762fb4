"""Decompression: whole whatever the chunks, no further than the cap, and an error of ours for what is damaged."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scenario_async import APIResponseValidationError
from scenario_async._http.inflating import Inflater

QUICK = settings(max_examples=150, deadline=None)
PIECES = st.tuples(st.binary(min_size=1, max_size=20), st.integers(1, 2000))
BODIES = st.binary(max_size=200) | PIECES.map(lambda piece: piece[0] * piece[1])
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=5)
LARGE = 1024 * 1024


def chunked(content: bytes, sizes: list[int]) -> list[bytes]:
    """Cut some bytes into chunks of these sizes, over and over."""
    chunks: list[bytes] = []
    while content:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(content[:size])
        content = content[size:]
    return chunks


def inflated(encoding: str, chunks: list[bytes], most: int = LARGE) -> bytes:
    """Decompress a whole body."""
    inflater = Inflater(encoding, most)
    given_back = b"".join([inflater.inflate(chunk) for chunk in chunks])
    inflater.end()
    assert inflater.taken == len(given_back)
    return given_back


def outcome(encoding: str, chunks: list[bytes], most: int = LARGE) -> bytes | str:
    """Give what comes out, or what the error says."""
    try:
        return inflated(encoding, chunks, most)
    except APIResponseValidationError as error:
        return error.message


def deflated(body: bytes, wbits: int, level: int) -> bytes:
    """Compress as zlib does, with its frame or without."""
    packer = zlib.compressobj(level, wbits=wbits)
    return packer.compress(body) + packer.flush()


@st.composite
def packed(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """Give an encoding, a body, and that body in that encoding: gzip in one or several members, deflate in two ways."""
    body, level = draw(BODIES), draw(st.integers(0, 9))
    encoding = draw(st.sampled_from(["gzip", "x-gzip", "deflate"]))
    if encoding == "deflate":
        return encoding, body, deflated(body, draw(st.sampled_from([15, 9, -15, -9])), level)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [
        body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)
    ]  # some are empty
    padding = st.integers(0, 3) | st.just(512)
    members = [gzip.compress(piece, level) + bytes(draw(padding)) for piece in pieces]
    return encoding, body, b"".join(members)


@QUICK
@given(packed(), SIZES)
def test_what_went_in_comes_out(made: tuple[str, bytes, bytes], sizes: list[int]) -> None:
    """Whatever the encoding and wherever the chunks begin."""
    encoding, body, content = made
    assert inflated(encoding, chunked(content, sizes)) == body
    assert inflated(encoding, [content], len(body)) == body


@QUICK
@given(packed(), SIZES, st.data())
def test_more_than_the_cap_is_refused_before_it_is_made(
    made: tuple[str, bytes, bytes], sizes: list[int], data: st.DataObject
) -> None:
    """One byte beyond the cap tells that there is more, and no other byte is decompressed."""
    encoding, body, content = made
    if not body:
        return
    most = data.draw(st.integers(0, len(body) - 1))
    inflater = Inflater(encoding, most)
    came_out: list[bytes] = []
    with pytest.raises(APIResponseValidationError, match=rf"larger than max_response_bytes \({most}\)"):
        came_out.extend(inflater.inflate(chunk) for chunk in chunked(content, sizes))
    assert len(b"".join(came_out)) <= most
    assert inflater.taken == most + 1


@QUICK
@given(BODIES, st.sampled_from([31, 15, -15]), SIZES, st.data())
def test_what_is_cut_off_is_refused(body: bytes, wbits: int, sizes: list[int], data: st.DataObject) -> None:
    """A stream that ends too early is none, wherever it ends."""
    encoding = "gzip" if wbits == 31 else "deflate"
    content = deflated(body, wbits, 6)
    short = content[: data.draw(st.integers(1, len(content) - 1))]
    with pytest.raises(APIResponseValidationError, match="cannot be decompressed: it ends too early"):
        inflated(encoding, chunked(short, sizes))
    if encoding == "gzip":
        with pytest.raises(APIResponseValidationError, match="cannot be decompressed"):
            inflated(encoding, chunked(content + short, sizes))


@QUICK
@given(BODIES, st.integers(0, LARGE), st.integers(1, 255), SIZES)
def test_a_damaged_member_is_never_taken_for_another_body(
    body: bytes, place: int, flipped: int, sizes: list[int]
) -> None:
    """Its sum tells; what of its head says nothing of the body may be as it likes."""
    content = bytearray(gzip.compress(body))
    content[place % len(content)] ^= flipped
    found = outcome("gzip", chunked(bytes(content), sizes))
    assert found == body or "cannot be decompressed" in str(found)


@QUICK
@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=60), packed(), SIZES)
@example("gzip", b"\0", ("gzip", b"", gzip.compress(b"")), [1])
@example("deflate", b"x", ("deflate", b"", zlib.compress(b"")), [1])
def test_chunks_make_no_difference(
    encoding: str, noise: bytes, made: tuple[str, bytes, bytes], sizes: list[int]
) -> None:
    """Of any bytes whatsoever the same comes out, or the same error, in one chunk as in many."""
    for content in (noise, made[2] + noise, noise + made[2], made[2][: len(made[2]) // 2] + noise):
        found = outcome(encoding, chunked(content, sizes), 500)
        assert found == outcome(encoding, [content] if content else [], 500)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("size", [1, 4096, LARGE])
def test_too_many_members_are_refused(padding: int, size: int) -> None:
    """Each costs time and gives nothing, so there is an end to them."""
    member = gzip.compress(b"") + bytes(padding)
    assert inflated("gzip", chunked(member * 1000, [size])) == b""
    with pytest.raises(APIResponseValidationError, match="more than 1,000 gzip members"):
        inflated("gzip", chunked(member * 1001, [size]))


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "gzip, gzip", "gzip;q=1", "https://a.example/?Signature=s3cr3t"]
)
def test_what_was_not_asked_for_is_refused(encoding: str) -> None:
    """The error says what was, and shows no secret."""
    with pytest.raises(APIResponseValidationError, match="only gzip, deflate can be") as caught:
        Inflater(encoding, LARGE)
    assert "s3cr3t" not in str(caught.value)
