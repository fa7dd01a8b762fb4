"""Libraries from folders: each picture in a folder as an asset.

Loading this module loads Pillow.
"""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from math import gcd
from pathlib import Path, PurePosixPath
from typing import Any, Final

import attrs
from PIL import ExifTags, Image

from scenario_async.emulator.attributes import Record
from scenario_async.emulator.loading import Progress
from scenario_async.emulator.pictures import MIME_TYPES, UnreadableError, opened
from scenario_async.emulator.sample import DEFAULT_PROJECT, address_of
from scenario_async.emulator.subjects import PictureFile
from scenario_async.emulator.words import words_of

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
"""What the names of pictures end with, in any case."""

_STEP: Final = 32
_ON_ITS_SIDE: Final = frozenset({5, 6, 7, 8})
_LONGEST_TEXT: Final = 20_000
_ENCODINGS: Final = {b"UNICODE\0": "utf-16-be", b"ASCII\0\0\0": "ascii"}
_PROMPT_KEYS: Final = ("parameters", "prompt", "Description")


@attrs.frozen
class FolderContents:
    """What a folder holds: assets as the service sends them, their files, and what was left out and why."""

    records: Sequence[Record]
    files: Mapping[str, PictureFile] = attrs.field(repr=False)
    skipped: Mapping[Path, str]

    def sifted(self, folder: Path, fault_of: Callable[[PictureFile], str | None]) -> "FolderContents":
        """Leave out what has a fault that only those find who look at the whole picture."""
        faults = {id_: fault for id_, file in self.files.items() if (fault := fault_of(file)) is not None}
        skipped = {**self.skipped, **{self.files[id_].path: fault for id_, fault in faults.items()}}
        if len(faults) == len(self.files):
            raise ValueError(_nothing(folder, skipped))
        return FolderContents(
            [record for record in self.records if record["id"] not in faults],
            {id_: file for id_, file in self.files.items() if id_ not in faults},
            skipped,
        )


def read_folder(
    folder: Path, *, project_id: str = DEFAULT_PROJECT, progress: Progress | None = None
) -> FolderContents:
    """Read the pictures in a folder and the folders below it, in the order of their paths.

    An id follows from the path below the folder, so it stays the same wherever the folder is moved to.
    Hidden files and folders are left out, and folders behind symbolic links. `OSError` when the folder
    cannot be read, `ValueError` when there is no picture in it.
    """
    paths = _pictures_below(folder)
    records: list[Record] = []
    files: dict[str, PictureFile] = {}
    skipped: dict[Path, str] = {}
    for number, path in enumerate(paths, 1):
        try:
            record, file = _read(folder, path, project_id)
        except UnreadableError as error:
            skipped[path] = str(error)
        else:
            records.append(record)
            files[record["id"]] = file
        if progress is not None and (number % _STEP == 0 or number == len(paths)):
            progress(number, len(paths))
    if not records:
        raise ValueError(_nothing(folder, skipped))
    return FolderContents(records, files, skipped)


def _nothing(folder: Path, skipped: Mapping[Path, str]) -> str:
    if not skipped:
        return f"{folder}: no picture in this folder or below it ({', '.join(sorted(SUFFIXES))})"
    path, reason = next(iter(skipped.items()))
    return f"{folder}: none of its {len(skipped)} pictures can be read; {path.name}: {reason}"


def _pictures_below(folder: Path) -> list[Path]:
    # What stands at the top must be readable; a folder below that is not is left out.
    os.scandir(folder).close()
    return sorted(_walk(folder), key=lambda path: path.relative_to(folder).parts)


def _walk(folder: Path) -> Iterator[Path]:
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and _is_file(path):
                yield path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a link that leads to itself, in some versions of Python
        return False


def _read(folder: Path, path: Path, project_id: str) -> tuple[Record, PictureFile]:
    try:
        state = path.stat()
    except OSError as error:
        raise UnreadableError(error.strerror) from None
    if not state.st_size:
        raise UnreadableError("the file is empty")
    relative = path.relative_to(folder).as_posix()
    with opened(path) as image:
        mime_type = MIME_TYPES[str(image.format)]
        width, height = _shown_size(image)
        prompt = _prompt(image)
    asset_id = _id("asset", relative)
    name = _told(path.stem)
    tags = [_told(part) for part in dict.fromkeys(PurePosixPath(relative).parts[:-1])]
    moment = _timestamp(state.st_mtime)
    metadata: dict[str, Any] = {
        "kind": "image",
        "type": "uploaded",
        "name": name,
        "width": width,
        "height": height,
        "aspectRatio": _ratio(width, height),
        "size": state.st_size,
    }
    if prompt:
        metadata["prompt"] = prompt
    record = {
        "id": asset_id,
        "authorId": _id("user", project_id),
        "collectionIds": [],
        "createdAt": moment,
        "metadata": metadata,
        "mimeType": mime_type,
        "nsfw": [],
        "ownerId": project_id,
        "privacy": "private",
        "tags": tags,
        "teamId": _id("team", project_id),
        "updatedAt": moment,
        "url": address_of("assets-transform", asset_id),
    }
    caption = dict.fromkeys(words_of(" ".join([*tags, name, prompt])))
    file = PictureFile(
        path=path,
        mime_type=mime_type,
        width=width,
        height=height,
        size=state.st_size,
        modified=state.st_mtime_ns,
        caption=tuple(caption),
    )
    return record, file


def _shown_size(image: Image.Image) -> tuple[int, int]:
    """Give the size as a viewer sees it: a camera held upright says so beside the pixels."""
    orientation = _exif(image).get(ExifTags.Base.Orientation)
    return (image.height, image.width) if orientation in _ON_ITS_SIDE else image.size


def _prompt(image: Image.Image) -> str:
    """Give the prompt that generators leave in a picture, where it is plain text."""
    exif = _exif(image)
    texts = [image.info.get(key) for key in _PROMPT_KEYS]
    texts += [_comment(exif), exif.get(ExifTags.Base.ImageDescription)]
    return next((prompt for text in texts if isinstance(text, str) and (prompt := _plain(text))), "")


def _plain(text: str) -> str:
    """Give the prompt of a text; the settings that follow it are left out, and what is JSON has none."""
    prompt = (
        text[:_LONGEST_TEXT].partition("\nNegative prompt:")[0].partition("\nSteps:")[0].strip("\0 \n\r\t")
    )
    if prompt.startswith(("{", "[")):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return prompt
        return ""
    return prompt if prompt.isprintable() or "\n" in prompt else ""


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - a broken appendix makes no broken picture, and raises all sorts of errors
        return Image.Exif()


def _comment(exif: Image.Exif) -> str:
    """Give the comment of a JPEG or WebP file: eight bytes that name its encoding, then the text."""
    try:
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
        return comment[8:].decode(_ENCODINGS[comment[:8]]) if isinstance(comment, bytes) else ""
    except Exception:  # noqa: BLE001 - as above
        return ""


def _told(name: str) -> str:
    """Give a name that any client can read, whatever bytes it is made of."""
    return os.fsencode(name).decode(errors="replace")


def _ratio(width: int, height: int) -> str:
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(prefix: str, text: str) -> str:
    digest = blake2b(os.fsencode(text), digest_size=17).digest()
    return f"{prefix}_{urlsafe_b64encode(digest).decode()[:22]}"
