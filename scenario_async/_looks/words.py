"""A hit in a few words: its caption and its kind, as one line that changes nothing of what stands around it."""

from __future__ import annotations

import re
from typing import Final

from scenario_async._tables.schema import kind_of
from scenario_async._tables.texts import mended
from scenario_async.models import AssetHit, Hit, ModelHit, WorkflowHit

# Control characters, line breaks, and what has no width or changes the direction in which texts are read.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
_LONGEST: Final = 200
_PICTURES: Final = frozenset({"image", "image-hdr"})


def line(text: str, most: int = _LONGEST) -> str:
    """Give a text as one line of so many characters at most, without what is not seen."""
    begin = text[: 8 * most]
    plain = " ".join(_HIDDEN.sub(" ", mended(begin)).split())
    if len(plain) <= most and len(begin) == len(text):
        return plain
    return plain[: most - 1].rstrip() + "…"


def caption_of(hit: Hit, most: int = _LONGEST) -> str:
    """Give the first that says what a hit is: its prompt or its name, else a text of it, else its kind."""
    texts = (line(text, most) for text in _texts(hit) if text)
    return next(filter(None, texts), kind_of_hit(hit))


def _texts(hit: Hit) -> tuple[str | None, ...]:
    if isinstance(hit, AssetHit):
        about = hit.metadata
        return (about.prompt, about.name, about.text, hit.description, hit.content, hit.transcription)
    if isinstance(hit, ModelHit):
        return (hit.name, hit.short_description)
    if isinstance(hit, WorkflowHit):
        return (hit.name, hit.short_description, hit.description)
    return ()


def kind_of_hit(hit: Hit) -> str:
    """Give what sort of thing it is, in a word: `image`, `video`, `model`."""
    if not isinstance(hit, AssetHit):
        return kind_of(type(hit))
    return line(hit.metadata.kind or hit.mime_type.partition("/")[0], 20) or "asset"


def is_shown_by_another(hit: Hit) -> bool:
    """Tell whether a picture of a hit is not the hit itself, so that it takes a word for its kind: of a video, a sound."""
    return isinstance(hit, AssetHit) and kind_of_hit(hit) not in _PICTURES


def facts_of(hit: Hit) -> str:
    """Give its kind, and its size in pixels where it has one: `image`, and `640 x 480`."""
    kind = kind_of_hit(hit)
    if isinstance(hit, AssetHit) and hit.metadata.width and hit.metadata.height:
        return f"{kind} · {hit.metadata.width:.0f} \N{MULTIPLICATION SIGN} {hit.metadata.height:.0f}"
    if isinstance(hit, (ModelHit, WorkflowHit)):
        more = line(hit.type if isinstance(hit, ModelHit) else hit.status, 40)
        return f"{kind} · {more}" if more else kind
    return kind
