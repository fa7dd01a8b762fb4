"""How the engine searches, where its owner may choose: each choice, its default, and what is no choice."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from aiohttp import ClientSession
from emulator.records import asset
from emulator.talk import Talk

from scenario_async.cli.ruling import engine_of
from scenario_async.cli.serve import serve
from scenario_async.emulator import Emulator, Engine, Library


def named(**names: str) -> Library:
    """Give a library of assets by their ids and names."""
    return Library([asset(f"asset_{id_}", {"name": name}) for id_, name in names.items()])


async def found(library: Library, engine: Engine, query: str, **body: Any) -> str:
    """Search, and give the ids without what all have."""
    async with ClientSession() as session, Emulator(library, engine=engine) as emulator:
        ids = await Talk(session, emulator.base_url).ids(query=query, **body)
        return " ".join(each.removeprefix("asset_") for each in ids)


WORDS = {"a": "red knight", "b": "knight", "c": "red castle", "d": "the red and old knight"}


@pytest.mark.parametrize(
    ("engine", "query", "ids"),
    [
        (Engine(), "red knight ", "a d c"),
        (Engine(matching="last"), "red knight ", "a d c"),
        (Engine(matching="all"), "red knight ", "a d"),
        (Engine(), "knihgt ", "b a d"),
        (Engine(typos=False), "knihgt ", ""),
        (Engine(one_typo_from=7), "knihgt ", ""),
        (Engine(), "rid ", ""),
        (Engine(one_typo_from=3), "rid ", "a c d"),
        (Engine(), "kinghtt ", ""),
        (Engine(two_typos_from=6), "kinghtt ", "b a d"),
        (Engine(ranking=("attribute",)), "red knight ", "a c d"),
    ],
)
async def test_words(engine: Engine, query: str, ids: str) -> None:
    """What is found, and in which order."""
    given = await found(named(**WORDS), engine, query)
    assert sorted(given.split()) == sorted(ids.split())
    if engine == Engine() and query.startswith("red"):
        assert given == ids


@pytest.mark.parametrize(
    ("engine", "query", "ids"),
    [
        (Engine(), "v2 ", "a"),
        (Engine(non_separators=("_",)), "v2 ", ""),
        (Engine(non_separators=["_"]), "hero_v2 ", "a"),
        (Engine(), "old ", ""),
        (Engine(separators=("|", "~~")), "old ", "b c"),
        (Engine(separators=("|",), non_separators=(".",)), "old ", "b"),
        (Engine(non_separators=(".",)), '"1.5"', "d"),
    ],
)
async def test_where_words_end(engine: Engine, query: str, ids: str) -> None:
    """In texts and in queries alike."""
    library = named(a="hero_v2", b="red|old", c="red~~old.x", d="version 1.5 of")
    if engine.non_separators == (".",) and engine.separators:
        library = named(b="red|old", c="red~~old")
    assert await found(library, engine, query) == ids


async def test_one_library_for_several_engines() -> None:
    """None sees the words of another."""
    library = named(a="hero_v2")
    assert await found(library, Engine(), "v2 ") == "a"
    assert await found(library, Engine(non_separators=("_",)), "v2 ") == ""
    assert await found(library, Engine(), "v2 ") == "a"


@pytest.mark.parametrize(
    ("ranking", "ids"),
    [
        (Engine().ranking, "near far less"),
        (("sort", "words", "typo", "proximity"), "less far near"),
        (("words", "sort", "proximity"), "far near less"),
        (("words", "proximity"), "near far less"),
        ((), "near less far"),
    ],
)
async def test_what_decides_the_order(ranking: Any, ids: str) -> None:
    """Rules in their order, of which sorting is one; what they leave open is in the order of arrival."""
    library = Library(
        [
            asset("asset_near", {"name": "red knight"}, createdAt="2025-01-03T00:00:00.000Z"),
            asset("asset_less", {"name": "red"}, createdAt="2025-01-01T00:00:00.000Z"),
            asset("asset_far", {"name": "red and knight"}, createdAt="2025-01-02T00:00:00.000Z"),
        ]
    )
    sort = {"sortBy": ["createdAt:asc"]}
    assert await found(library, Engine(ranking=ranking), "red knight ", **sort) == ids


async def test_words_that_stand_together_come_first() -> None:
    """The order of the query before the other one, and neither across the end of a sentence."""
    library = named(
        a="knight. red one", b="knight one two red", c="red one knight", d="knight red", e="red knight"
    )
    assert await found(library, Engine(), "red knight ") == "e c d a b"


async def test_how_near_a_meaning_must_be() -> None:
    """Without a threshold everything is a hit, the nearest first; with one, what is nearer."""
    library = named(a="warrior", b="tea pot", c="knight")
    everything = await found(library, Engine(), "knight", querySemanticRatio=1)
    assert everything == "a c b"
    near = Engine(semantic_threshold=0.35)
    assert await found(library, near, "knight", querySemanticRatio=1) == "a c"
    assert await found(library, near, "tea", querySemanticRatio=0.5) == "b"
    assert await found(library, Engine(semantic_threshold=1), "potter", querySemanticRatio=1) == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"matching": "frequency"}, "matching must be 'last' or 'all', not 'frequency'"),
        ({"typos": "no"}, "typos must be True or False, not 'no'"),
        ({"one_typo_from": -1}, "one_typo_from must be a number of letters from 0 to 255, not -1"),
        ({"two_typos_from": True}, "two_typos_from must be a number of letters from 0 to 255, not True"),
        ({"separators": "|"}, "several texts are wanted, ['|'] for one, not '|'"),
        ({"separators": [" "]}, "separators must be texts that are not blank, not ' '"),
        ({"non_separators": [5]}, "non_separators must be texts that are not blank, not 5"),
        ({"ranking": ["word"]}, "ranking must be of words, typo, proximity, attribute, sort, exactness, not 'word'"),
        ({"ranking": ["sort", "sort"]}, "ranking must name each rule once, not sort, sort"),
        ({"semantic_threshold": 2}, "semantic_threshold must be None or a number from 0 to 1, not 2"),
    ],
)  # fmt: skip
def test_what_is_no_choice(options: dict[str, Any], words: str) -> None:
    """It is named, with what may be."""
    with pytest.raises((ValueError, TypeError)) as caught:
        Engine(**options)
    assert words in str(caught.value)


def test_an_emulator_wants_an_engine() -> None:
    """And shows how to make one."""
    engine: Any = "all"
    with pytest.raises(
        TypeError, match=r"engine must be an Engine, such as Engine\(matching='all'\), not 'all'"
    ):
        Emulator(engine=engine)


def test_the_command_line_has_them_all() -> None:
    """Each with its default; none is a second list."""
    given = {each.name: each.default for each in serve.params if each.name in attrs.fields_dict(Engine)}
    assert list(given) == list(attrs.fields_dict(Engine))
    context = serve.make_context("serve", [])
    usual = {name: context.params[name] for name in given}
    assert engine_of(usual) == Engine()
    line = [
        "--matching",
        "all",
        "--no-typos",
        "--separators",
        "|",
        "--separators",
        ",",
        "--ranking",
        "sort, words",
    ]
    context = serve.make_context("serve", line)
    assert engine_of({name: context.params[name] for name in given}) == Engine(
        matching="all", typos=False, separators=("|", ","), ranking=("sort", "words")
    )
