"""How the engine is set up, where its owner may choose: what the service has chosen is not public."""

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias, get_args

import attrs

from scenario_async.emulator.words import LONGEST, Boundaries

Matching: TypeAlias = Literal["last", "all"]
Rule: TypeAlias = Literal["words", "typo", "proximity", "attribute", "sort", "exactness"]

RULES: Final[tuple[Rule, ...]] = get_args(Rule)
_LONGEST_WORD: Final = 255


def _one_of(*values: str) -> Any:  # noqa: ANN401 - what attrs takes
    def check(_: "Engine", field: "attrs.Attribute[str]", value: object) -> None:
        if value not in values:
            raise ValueError(f"{field.name} must be {' or '.join(map(repr, values))}, not {value!r}")

    return check


def _letters(_: "Engine", field: "attrs.Attribute[int]", value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST_WORD:
        raise ValueError(f"{field.name} must be a number of letters from 0 to {_LONGEST_WORD}, not {value!r}")


def _flag(_: "Engine", field: "attrs.Attribute[bool]", value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{field.name} must be True or False, not {value!r}")


def _share(_: "Engine", field: "attrs.Attribute[float | None]", value: object) -> None:
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"{field.name} must be None or a number from 0 to 1, not {value!r}")


def _texts(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as it was given
    if isinstance(value, str):
        raise TypeError(f"several texts are wanted, [{value!r}] for one, not {value!r}")
    return tuple(value)


def _not_empty(_: "Engine", field: "attrs.Attribute[tuple[str, ...]]", value: Iterable[object]) -> None:
    for each in value:
        if not isinstance(each, str) or not each.strip():
            raise ValueError(f"{field.name} must be texts that are not blank, not {each!r}")


def _rules(_: "Engine", field: "attrs.Attribute[tuple[Rule, ...]]", value: tuple[Rule, ...]) -> None:
    for each in value:
        if each not in RULES:
            raise ValueError(f"{field.name} must be of {', '.join(RULES)}, not {each!r}")
    if len({*value}) < len(value):
        raise ValueError(f"{field.name} must name each rule once, not {', '.join(value)}")


@attrs.frozen(kw_only=True)
class Engine:
    """How the engine searches, where its owner may choose; without a choice it is as the engine comes.

    `ValueError` and `TypeError` name the option that cannot be. `Emulator(engine=...)` takes it.
    """

    matching: Matching = attrs.field(
        default="last",
        validator=_one_of(*get_args(Matching)),
        metadata={
            "help": "What happens to words that are not found: the last ones may be missing, or all must be there."
        },
    )
    typos: bool = attrs.field(
        default=True, validator=_flag, metadata={"help": "Whether words may have typos at all."}
    )
    one_typo_from: int = attrs.field(
        default=5, validator=_letters, metadata={"help": "The letters of a word of which one may be wrong."}
    )
    two_typos_from: int = attrs.field(
        default=9, validator=_letters, metadata={"help": "The letters of a word of which two may be wrong."}
    )
    separators: tuple[str, ...] = attrs.field(
        default=(),
        converter=_texts,
        validator=_not_empty,
        metadata={"help": "What parts words besides blanks and punctuation, such as |."},
    )
    non_separators: tuple[str, ...] = attrs.field(
        default=(),
        converter=_texts,
        validator=_not_empty,
        metadata={"help": "Punctuation that belongs to words, such as _."},
    )
    ranking: tuple[Rule, ...] = attrs.field(
        default=RULES,
        converter=_texts,
        validator=_rules,
        metadata={"help": "What decides the order of hits, the most important first."},
    )
    semantic_threshold: float | None = attrs.field(
        default=None,
        validator=_share,
        metadata={"help": "How near in meaning a hit must be, from 0 to 1, where a search goes by meaning."},
    )

    @property
    def boundaries(self) -> Boundaries:
        """Where words end."""
        return Boundaries(self.separators, self.non_separators)

    def typos_allowed(self, word: str) -> int:
        """Give how many letters of a word may be wrong; letters beyond ASCII count as often as they have bytes."""
        size = len(word.encode())
        if not self.typos or len(word) > LONGEST:
            return 0
        return 2 if size >= self.two_typos_from else int(size >= self.one_typo_from)


USUAL: Final = Engine()
