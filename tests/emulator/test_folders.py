"""Folders of pictures as libraries."""

from __future__ import annotations

import json
import os
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from emulator.talk import Talk
from PIL import Image, PngImagePlugin

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.folders import FolderContents, read_folder

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientSession

MOMENT = datetime(2025, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
REQUIRED = {
    *("id", "authorId", "collectionIds", "createdAt", "metadata", "mimeType", "nsfw", "ownerId"),
    *("privacy", "tags", "teamId", "updatedAt", "url"),
}


def save(path: Path, size: tuple[int, int] = (60, 40), colour: str = "red", **options: Any) -> Path:
    """Make a picture, and the folders on the way to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def named(contents: FolderContents) -> dict[str, Any]:
    """Give the records by their names."""
    return {record["metadata"]["name"]: record for record in contents.records}


def texts(**chunks: str) -> PngImagePlugin.PngInfo:
    """Give the texts of a PNG."""
    info = PngImagePlugin.PngInfo()
    for key, text in chunks.items():
        info.add_text(key, text)
    return info


class TestRecords:
    """What a picture becomes."""

    def test_a_picture_is_an_asset(self, tmp_path: Path) -> None:
        """Every field that a hit has, from the file, its name and where it lies."""
        path = save(tmp_path / "bosses" / "ice" / "Frost Giant 01.png", (1920, 1080))
        os.utime(path, (MOMENT.timestamp(), MOMENT.timestamp()))
        contents = read_folder(tmp_path, project_id="proj_7")
        (record,) = contents.records
        assert record.keys() == REQUIRED
        assert record["metadata"] == {
            "kind": "image",
            "type": "uploaded",
            "name": "Frost Giant 01",
            "width": 1920,
            "height": 1080,
            "aspectRatio": "16:9",
            "size": path.stat().st_size,
        }
        assert record["tags"] == ["bosses", "ice"]
        assert record["mimeType"] == "image/png"
        assert record["createdAt"] == record["updatedAt"] == "2025-03-04T05:06:07.890Z"
        assert (record["ownerId"], record["privacy"]) == ("proj_7", "private")
        assert (record["collectionIds"], record["nsfw"]) == ([], [])
        assert record["url"].startswith(f"/assets-transform/{record['id']}?p=100&")
        file = contents.files[record["id"]]
        assert (file.path, file.mime_type, file.width, file.height) == (path, "image/png", 1920, 1080)
        assert file.caption == ("bosses", "ice", "frost", "giant", "01")
        assert contents.skipped == {}

    def test_ids_follow_from_the_path_below_the_folder(self, tmp_path: Path) -> None:
        """They stay when the folder moves or a picture changes, and differ between equal pictures."""
        for root in ("here", "there"):
            for name in ("a.png", "b.png", "deep/a.png"):
                save(tmp_path / root / name)
        here, there = (read_folder(tmp_path / root) for root in ("here", "there"))
        ids = [record["id"] for record in here.records]
        assert ids == [record["id"] for record in there.records]
        assert len(set(ids)) == 3
        assert all(id_.startswith("asset_") and len(id_) == len("asset_") + 22 for id_ in ids)
        save(tmp_path / "here" / "a.png", (9, 9), "blue")
        assert [record["id"] for record in read_folder(tmp_path / "here").records] == ids

    @pytest.mark.parametrize(
        ("name", "mime_type"),
        [
            ("a.png", "image/png"),
            ("a.PNG", "image/png"),
            ("a.jpg", "image/jpeg"),
            ("a.jpeg", "image/jpeg"),
            ("a.webp", "image/webp"),
            ("a.gif", "image/gif"),
            ("a.bmp", "image/bmp"),
            ("a.tif", "image/tiff"),
            ("a.tiff", "image/tiff"),
        ],
    )
    def test_formats(self, tmp_path: Path, name: str, mime_type: str) -> None:
        """The usual ones are read, however their endings are spelled."""
        save(tmp_path / name)
        (record,) = read_folder(tmp_path).records
        assert record["mimeType"] == mime_type

    def test_avif_where_pillow_can(self, tmp_path: Path) -> None:
        """Where it cannot, no such file can be made for this test either."""
        Image.init()
        if "AVIF" not in Image.SAVE:
            pytest.skip("this Pillow knows no AVIF")
        save(tmp_path / "a.avif", (30, 20))
        (record,) = read_folder(tmp_path).records
        assert (record["mimeType"], record["metadata"]["width"]) == ("image/avif", 30)

    def test_the_content_tells_the_type(self, tmp_path: Path) -> None:
        """A JPEG that is named like a PNG is a JPEG."""
        save(tmp_path / "wrong.png", format="JPEG")
        (record,) = read_folder(tmp_path).records
        assert record["mimeType"] == "image/jpeg"

    @pytest.mark.parametrize(
        ("orientation", "size"), [(1, (60, 40)), (3, (60, 40)), (6, (40, 60)), (8, (40, 60))]
    )
    def test_a_camera_held_upright(self, tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
        """Width and height are those that a viewer sees."""
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(tmp_path / "a.jpg", exif=exif)
        contents = read_folder(tmp_path)
        metadata = contents.records[0]["metadata"]
        assert (metadata["width"], metadata["height"]) == size
        assert metadata["aspectRatio"] == ("3:2" if size == (60, 40) else "2:3")

    def test_sizes_are_read_without_decoding(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The pixels are never asked for."""
        save(tmp_path / "a.png", (640, 480))
        save(tmp_path / "b.jpg", (640, 480))

        def refuse(*args: object) -> None:
            raise AssertionError("the pixels were decoded")

        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
        assert len(read_folder(tmp_path).records) == 2


class TestPrompts:
    """What generators write into their pictures."""

    @pytest.mark.parametrize(
        ("chunks", "prompt"),
        [
            ({"parameters": "a red fox\nNegative prompt: blurry\nSteps: 20, Seed: 5"}, "a red fox"),
            ({"parameters": "a red fox\nSteps: 20"}, "a red fox"),
            ({"prompt": "an owl"}, "an owl"),
            ({"Description": "a bear"}, "a bear"),
            ({"Comment": "hello"}, None),
            ({"prompt": json.dumps({"3": {"inputs": {"seed": 1}}})}, None),
            ({"prompt": json.dumps({"3": 1}), "Description": "a bear"}, "a bear"),
            ({"prompt": "{fantasy} art"}, "{fantasy} art"),
            ({"prompt": "  "}, None),
        ],
    )
    def test_texts_of_a_png(self, tmp_path: Path, chunks: dict[str, str], prompt: str | None) -> None:
        """The first plain text is the prompt, without the settings that follow it."""
        save(tmp_path / "a.png", pnginfo=texts(**chunks))
        contents = read_folder(tmp_path)
        (record,) = contents.records
        assert record["metadata"].get("prompt") == prompt
        (file,) = contents.files.values()
        assert ("fox" in file.caption) is (prompt == "a red fox")

    @pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
    @pytest.mark.parametrize(
        "comment",
        [b"UNICODE\0" + "ein Wölf".encode("utf-16-be"), b"ASCII\0\0\0a wolf", b"JIS\0\0\0\0\0wolf", b"x"],
    )
    def test_comments_of_a_camera(self, tmp_path: Path, name: str, comment: bytes) -> None:
        """The comment of EXIF is read where its encoding is known, and does no harm otherwise."""
        exif = Image.Exif()
        exif[0x8769] = {0x9286: comment}
        save(tmp_path / name, exif=exif)
        (record,) = read_folder(tmp_path).records
        wanted = {b"UNI": "ein Wölf", b"ASC": "a wolf"}.get(comment[:3])
        assert record["metadata"].get("prompt") == wanted

    def test_the_description_of_a_camera(self, tmp_path: Path) -> None:
        """So is its description."""
        exif = Image.Exif()
        exif[0x010E] = "a hawk"
        save(tmp_path / "a.jpg", exif=exif)
        (record,) = read_folder(tmp_path).records
        assert record["metadata"]["prompt"] == "a hawk"


class TestFolders:
    """Which files are read."""

    def test_the_order_is_that_of_the_paths(self, tmp_path: Path) -> None:
        """Folder by folder, at any depth."""
        for name in ("b.png", "a.png", "c/z.png", "c/d/a.png", "B.png"):
            save(tmp_path / name)
        names = [str(file.path.relative_to(tmp_path)) for file in read_folder(tmp_path).files.values()]
        assert names == ["B.png", "a.png", "b.png", "c/d/a.png", "c/z.png"]

    def test_other_files_are_left_out(self, tmp_path: Path) -> None:
        """Hidden ones, hidden folders, and what is no picture by its name."""
        for name in ("a.png", ".hidden.png", ".cache/b.png", "sub/.git/c.png"):
            save(tmp_path / name)
        (tmp_path / "notes.txt").write_text("hello")
        (tmp_path / "no_ending").write_bytes(b"\x89PNG")
        (tmp_path / "folder.png").mkdir()
        contents = read_folder(tmp_path)
        assert list(named(contents)) == ["a"]
        assert contents.skipped == {}

    def test_links_do_no_harm(self, tmp_path: Path) -> None:
        """A linked folder is not followed, a linked file is read, and one that leads nowhere is left out."""
        root = tmp_path / "root"
        save(root / "sub" / "a.png")
        save(tmp_path / "outside.png", (7, 7))
        (root / "sub" / "loop").symlink_to(root, target_is_directory=True)
        (root / "linked.png").symlink_to(tmp_path / "outside.png")
        (root / "dangling.png").symlink_to(tmp_path / "nothing.png")
        (root / "circle.png").symlink_to(root / "circle.png")
        contents = read_folder(root)
        assert sorted(named(contents)) == ["a", "linked"]
        (tmp_path / "entry").symlink_to(root, target_is_directory=True)
        assert sorted(named(read_folder(tmp_path / "entry"))) == ["a", "linked"]

    def test_broken_pictures_are_told(self, tmp_path: Path) -> None:
        """The others are read, and each that was skipped has its reason."""
        save(tmp_path / "good.png")
        (tmp_path / "empty.png").touch()
        (tmp_path / "text.jpg").write_text("hello")
        head = b"IHDR" + struct.pack(">IIBBBBB", 9500, 9500, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + head + crc32(head).to_bytes(4)
        (tmp_path / "bomb.png").write_bytes(bomb + (0).to_bytes(4) + b"IDAT" + crc32(b"IDAT").to_bytes(4))
        contents = read_folder(tmp_path)
        assert list(named(contents)) == ["good"]
        reasons = {path.name: reason for path, reason in contents.skipped.items()}
        assert reasons.keys() == {"empty.png", "text.jpg", "bomb.png"}
        assert "not a picture" in reasons["text.jpg"]
        assert "too many" in reasons["bomb.png"]
        assert str(tmp_path) not in str(reasons)

    def test_progress_is_told(self, tmp_path: Path) -> None:
        """Now and then, and at the end, with what is skipped counted in."""
        for number in range(69):
            save(tmp_path / f"{number}.bmp", (2, 2))
        (tmp_path / "x.png").touch()
        told: list[tuple[int, int]] = []
        read_folder(tmp_path, progress=lambda done, total: told.append((done, total)))
        assert told == [(32, 70), (64, 70), (70, 70)]

    def test_a_folder_without_pictures_is_refused(self, tmp_path: Path) -> None:
        """With what was looked for."""
        (tmp_path / "notes.txt").write_text("hello")
        with pytest.raises(
            ValueError, match=r"no picture in this folder or below it \(\.avif, \.bmp"
        ) as caught:
            read_folder(tmp_path)
        assert str(tmp_path) in str(caught.value)

    def test_a_folder_of_broken_pictures_is_refused(self, tmp_path: Path) -> None:
        """With one of the reasons."""
        (tmp_path / "text.jpg").write_text("hello")
        with pytest.raises(
            ValueError, match=r"none of its 1 pictures can be read; text\.jpg: it is not a pic"
        ):
            read_folder(tmp_path)

    def test_no_folder_is_refused(self, tmp_path: Path) -> None:
        """As the system refuses it."""
        with pytest.raises(FileNotFoundError, match="nowhere"):
            read_folder(tmp_path / "nowhere")
        with pytest.raises(NotADirectoryError):
            read_folder(save(tmp_path / "a.png"))


class TestServing:
    """A folder behind the emulator."""

    async def test_a_folder_is_searched_and_shown(self, tmp_path: Path, session: ClientSession) -> None:
        """By words, filters and pictures; the addresses of its hits lead to its files."""
        save(tmp_path / "foxes" / "red fox.png", (64, 64), "red")
        save(tmp_path / "sea" / "blue whale.jpg", (80, 40), "blue", quality=90)
        contents = read_folder(tmp_path)
        library = Library(contents.records, files=contents.files)
        fox, whale = (named(contents)[name]["id"] for name in ("red fox", "blue whale"))
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            assert await talk.ids(query="whale") == [whale]
            assert await talk.ids(filter='tags = foxes AND aspectRatio = "1:1"') == [fox]
            for wanted, other in ((fox, whale), (whale, fox)):
                assert await talk.ids(image=wanted, imageSemanticRatio=0) == [wanted, other]
            (hit,) = (await talk.search(query="whale"))["hits"]
            reply = await talk.picture(hit["url"])
            assert reply.headers["Content-Type"] == "image/jpeg"
            assert reply.content == contents.files[whale].path.read_bytes()

    async def test_a_picture_that_goes_bad_later(self, tmp_path: Path, session: ClientSession) -> None:
        """It has no look: it is found by words alone, and cannot be searched with."""
        save(tmp_path / "good.png", colour="red")
        bad = save(tmp_path / "bad.png", colour="blue")
        contents = read_folder(tmp_path)
        bad.write_bytes(bad.read_bytes()[:60])
        good, broken = (named(contents)[name]["id"] for name in ("good", "bad"))
        async with Emulator(Library(contents.records, files=contents.files)) as emulator:
            talk = Talk(session, emulator.base_url)
            assert await talk.ids(image=good) == [good]
            assert await talk.ids(query="bad") == [broken]
            assert "cannot be decoded" in await talk.refusal(image=broken)
