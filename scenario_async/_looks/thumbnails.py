"""The thumbnails of hits that were loaded: bytes by id, or why there are none. A table keeps them, and so does its page."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from scenario_async.models import Hit

SIDE: Final = 256
"""How wide a thumbnail is, in pixels, at most; one that is made here is no higher either."""
Reason: TypeAlias = Literal["none", "expired", "gone", "refused", "broken", "large", "failed"]
WORDS: Final[Mapping[str, str]] = {
    "none": "no picture",
    "expired": "its address has expired",
    "gone": "not found any more",
    "refused": "refused by the picture host",
    "broken": "the file is damaged",
    "large": "too large to be made small",
    "failed": "could not be fetched",
}
"""What a placeholder says of a reason."""
_FINAL: Final = frozenset({"none", "gone", "refused", "broken", "large"})


@attrs.frozen
class Shown:
    """A thumbnail: a small file that browsers show, WebP as a rule, and its size in pixels."""

    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")
    width: int
    height: int
    mime_type: str = "image/webp"

    @property
    def data_url(self) -> str:
        """The same as an address that needs nobody to answer."""
        return f"data:{self.mime_type};base64,{b64encode(self.data).decode()}"


@attrs.frozen
class Missing:
    """That there is no thumbnail, and why; `words` is what a placeholder says."""

    reason: Reason
    details: str = ""

    @property
    def words(self) -> str:
        """A few words for the reason."""
        return WORDS[self.reason]


class Thumbnails:
    """What was loaded, by the ids of hits. Tables of one search share one, so that nothing is loaded twice."""

    def __init__(self) -> None:
        self._by_id: dict[str, Shown | Missing] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        shown = sum(isinstance(each, Shown) for each in self._by_id.values())
        return f"<{type(self).__name__}: {shown:,} of {len(self._by_id):,} hits>"

    def of(self, hit: Hit) -> Shown | Missing | None:
        """Give the thumbnail of a hit, or why it has none; None if it was not loaded."""
        return self._by_id.get(hit.id)

    def put(self, hit: Hit, look: Shown | Missing) -> None:
        """Keep the thumbnail of a hit."""
        self._by_id[hit.id] = look

    def to_load(self, hits: Iterable[Hit]) -> list[Hit]:
        """Give the hits, each once, that were not loaded, or for which it is worth another try."""
        wanted: dict[str, Hit] = {}
        for hit in hits:
            look = self._by_id.get(hit.id)
            if look is None or (isinstance(look, Missing) and look.reason not in _FINAL):
                wanted[hit.id] = hit
        return list(wanted.values())

    def never_loaded(self, hits: Iterable[Hit]) -> bool:
        """Tell whether some of these were never asked for."""
        return any(hit.id not in self._by_id for hit in hits)


@attrs.frozen
class Loaded:
    """What came of loading thumbnails: how many are there, and how many are not, by reason.

    It can be awaited, so that `await` does no harm with the blocking client.
    """

    shown: int
    missing: Mapping[str, int]

    @classmethod
    def of(cls, thumbnails: Thumbnails, hits: Iterable[Hit]) -> Self:
        """Count those of some hits."""
        looks = [thumbnails.of(hit) for hit in hits]
        reasons = Counter[str](each.reason for each in looks if isinstance(each, Missing))
        return cls(sum(isinstance(each, Shown) for each in looks), dict(reasons))

    def __str__(self) -> str:
        counts = "".join(f"; {count:,}: {WORDS[reason]}" for reason, count in self.missing.items())
        return f"{self.shown:,} thumbnails{counts}"

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self
