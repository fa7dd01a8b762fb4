"""Names of files, from a template and what a hit says: pure, and safe whatever that is."""

from __future__ import annotations

import re
from hashlib import sha256
from string import Formatter
from typing import TYPE_CHECKING, Final
from unicodedata import category, normalize

import attrs

from scenario_async._downloads.formats import EXTENSIONS
from scenario_async._support import checks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

FIELDS: Final = ("id", "name", "index", "kind", "created", "ext")
_MOST_BYTES: Final = 255
_LONGEST_EXTENSION: Final = 10
_ROOM: Final = 40
"""Bytes that are kept free behind a stem: for its extension, for `-` and a digest, and for `.json` after both."""
_LATER: Final = "\0"
"""Stands for an extension that is not known yet; no text of a hit keeps one."""
_FORBIDDEN: Final = re.compile(r'[/\\:*?"<>|]')
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{0,200}")
_WORDS: Final = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9_-]{1,150}")
"""What ids look like; no device does."""
_FOREIGN_ENDING: Final = re.compile(rf"(?i)\.({'|'.join(EXTENSIONS)})$")
_PADDED: Final = re.compile(r"0?[1-9]d?|d", re.ASCII)
# They shape emoji and scripts; other characters without a width may turn a name around, or hide in it.
_JOINERS: Final = "\u200c\u200d"


@attrs.frozen
class Template:
    """A template of names, taken apart: texts, and fields with how they are padded."""

    text: str
    parts: tuple[tuple[str, str | None, str], ...]

    @classmethod
    def read(cls, text: object) -> Template:
        """Read a template; `InvalidSearchError` for one that gives no names of files."""
        if not isinstance(text, str) or not text:
            checks.refuse("name", text, 'it must be a text like "{created}-{id}"')
        checks.text(text, "name")
        try:
            parts = list(Formatter().parse(text.removesuffix(".{ext}")))
        except ValueError as error:
            checks.refuse(
                "name", text, f"it cannot be read: {error}; write {{{{ and }}}} for braces themselves"
            )
        for literal, field, spec, conversion in parts:
            if "/" in literal or "\\" in literal:
                checks.refuse("name", text, "it must name a file of the folder, without / and \\")
            if field is None:
                continue
            if field not in FIELDS or conversion:
                known = " ".join(f"{{{each}}}" for each in FIELDS)
                checks.refuse("name", text, f"it may have the fields {known} and no others")
            if spec and not (field == "index" and _PADDED.fullmatch(spec)):
                checks.refuse("name", text, "only {index} can be padded, as in {index:05}")
        return cls(text, tuple((literal, field, spec or "") for literal, field, spec, _ in parts))

    def stem(self, values: Mapping[str, str | int]) -> str:
        """Give the name without its extension, which `named` adds: the values cut so that it fits."""
        texts = [_text_of(field, spec, values) for _, field, spec in self.parts]
        while (over := _size(self._joined(texts)) - (_MOST_BYTES - _ROOM)) > 0:
            place = max(range(len(texts)), key=lambda each: len(texts[each].encode()))
            shorter = _cut(texts[place], max(0, len(texts[place].encode()) - over))
            if shorter == texts[place]:
                break  # it is the template itself that is too long
            texts[place] = shorter
        return _presentable(self._joined(texts))

    def _joined(self, texts: list[str]) -> str:
        return "".join(
            _clean(literal) + text for (literal, _, _), text in zip(self.parts, texts, strict=True)
        )


def named(stem: str, extension: str) -> str:
    """Give the name of a file."""
    return f"{stem.replace(_LATER, extension[:_LONGEST_EXTENSION])}.{extension[:_LONGEST_EXTENSION]}"


class Claims:
    """Which hit a name belongs to, among names that a file system may take for the same.

    The stem of a picture's name is claimed without its extension, so that it belongs to one hit whatever its file turns
    out to be. Names of files, and of what is beside them, are taken as they are.
    """

    def __init__(self) -> None:
        self._owners: dict[str, Hashable] = {}

    def claim(self, stem: str, owner: Hashable) -> str:
        """Give a stem that belongs to this owner alone: the given one, else one with a digest of the owner."""
        for candidate in _candidates(stem, owner):
            if self._owners.setdefault(folded(candidate), owner) == owner:
                return candidate
        raise AssertionError("candidates do not end")

    def take(self, name: str, owner: Hashable) -> bool:
        """Take a whole name for this owner; False if it is another's."""
        return self._owners.setdefault(folded(name), owner) == owner


def _candidates(stem: str, owner: Hashable) -> Iterator[str]:
    yield stem
    yield another(stem, owner, 8)
    yield another(stem, owner)


def another(stem: str, owner: Hashable, digits: int = 16) -> str:
    """Give the stem for an owner whose own one is that of a file of somebody else's."""
    digest = sha256(repr(owner).encode(errors="replace")).hexdigest()
    return f"{_cut(stem, _MOST_BYTES - _ROOM)}-{digest[:digits]}"


def folded(name: str) -> str:
    """Give what is the same for names that differ in case or Unicode form alone."""
    if name.isascii():
        return name.lower()
    return normalize("NFKD", normalize("NFKD", name).casefold())


def _text_of(field: str | None, spec: str, values: Mapping[str, str | int]) -> str:
    if field is None:
        return ""
    if field == "ext":
        return _LATER
    value = values[field]
    return format(value, spec) if spec else _clean(str(value))


def _clean(text: str) -> str:
    """Give a text without what no name of a file may hold, here or elsewhere."""
    if _PLAIN.fullmatch(text):
        return text
    text = normalize("NFC", text[: 4 * _MOST_BYTES])
    kept = [" " if character.isspace() else character for character in text if _may_stay(character)]
    return " ".join(_FORBIDDEN.sub("_", "".join(kept)).split(" "))


def _may_stay(character: str) -> bool:
    if character.isascii():
        return " " <= character < "\x7f" or character.isspace()
    return character in _JOINERS or category(character) not in ("Cc", "Cf", "Cs", "Cn", "Co")


def _presentable(stem: str) -> str:
    """Give a stem that is neither hidden nor taken for an option, a device or another type of file."""
    if _WORDS.fullmatch(stem):
        return stem
    stem = stem.strip(" ")
    while True:
        shorter = _FOREIGN_ENDING.sub("", stem).rstrip(" .")
        if shorter == stem:
            break
        stem = shorter
    stem = re.sub(r"^[ .]+", "", stem)
    stem = _cut(stem, _MOST_BYTES - _ROOM)
    if not stem or stem.startswith(("-", "~")) or _DEVICES.match(stem):
        stem = "_" + stem
    return stem.rstrip(" .")


def _size(text: str) -> int:
    """Give how many bytes a text may have once its extensions are known."""
    return len(text.encode()) + (_LONGEST_EXTENSION - 1) * text.count(_LATER)


def _cut(text: str, most: int) -> str:
    """Cut a text to so many bytes, not within a character nor before what belongs to one."""
    if _size(text) <= most:
        return text
    kept = text.encode()[:most].decode(errors="ignore")
    while _size(kept) > most:
        kept = kept[:-1]
    following = text[len(kept) : len(kept) + 1]
    while kept and (following in _JOINERS or category(following).startswith("M") or kept[-1] in _JOINERS):
        kept, following = kept[:-1], kept[-1]
    return kept.rstrip(" .")
