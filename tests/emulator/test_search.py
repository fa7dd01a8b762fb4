"""Words and order: which hits come, and which first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.records import PROJECT, asset, model, workflow

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from emulator.talk import Talk

TEXTS = [
    asset("asset_name", {"name": "Knight of Malta"}, score=0.1),
    asset("asset_prompt", {"prompt": "a knight, riding"}, score=0.2),
    asset("asset_description", description="One knight among many.", score=0.9),
    asset("asset_begun", {"name": "Knighthood"}, score=0.3),
    asset("asset_both", {"name": "Knight", "prompt": "dragon and castle"}, tags=["fire-breathing"]),
    asset("asset_accents", {"name": "Crème Brûlée", "prompt": "Ångström ﬁn STRASSE"}),
    asset("asset_text", {"text": "once upon a midnight"}, transcription="Hello there", content="Chapter one"),
    asset("asset_words", {"prompt": "one two three four five six seven eight nine ten eleven"}),
    asset("asset_snake", {"name": "rough_sketch.png v2", "prompt": None, "text": 5}),
]
SORTED = [
    asset("asset_s1", {"width": 300, "height": 9}, tags=["sorted"], createdAt="2024-03-01T00:00:00.000Z"),
    asset("asset_s2", {"width": 100, "height": 9}, tags=["sorted"], createdAt="2024-01-01T00:00:00.000Z"),
    asset("asset_s3", {"height": 5}, tags=["sorted"], createdAt="2024-02-01T00:00:00.000Z"),
    asset("asset_s4", {"width": None, "height": 5}, tags=["sorted"], createdAt="2024-02-01T00:00:00.000Z"),
    asset("asset_s5", {"width": 200.5, "height": 5}, tags=["sorted"], createdAt="2023-12-31T23:59:59.999Z"),
    asset("asset_s6", {"width": "90"}, tags=["sorted"], createdAt="2025-01-01T00:00:00.000Z"),
]
MODELS = [
    model("model_1", name="Pixel Knights", score=0.2, type="flux.1-lora", shortDescription="Small squares"),
    model("model_2", name="Dragons", score=0.8, capabilities=["txt2img"], tags=["scaly"]),
    model("model_3", name="Castles"),
    model("model_4", name="Potions", score=0.5),
]
WORKFLOWS = [
    workflow("workflow_1", name="Upscale", description="Enlarges pictures", tags=["sharpen"]),
    workflow("workflow_2", name="Cut out", shortDescription="Removes backdrops"),
]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of the records above."""
    return Emulator(Library([*TEXTS, *SORTED], MODELS, WORKFLOWS, project_id=PROJECT))


class TestWords:
    """Search by text."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("malta", ["asset_name"]),
            ("MALTA", ["asset_name"]),
            ("mal", ["asset_name"]),
            ("alta", []),
            ("knight malta", ["asset_name"]),
            ("malta, knight!", ["asset_name"]),
            ("mal kni", ["asset_name"]),
            ("malta malta", ["asset_name"]),
            ("malta dragon", []),
            ("knight dragon", ["asset_both"]),
            ("knight breathing", ["asset_both"]),
            ("fire", ["asset_both"]),
            ("creme", ["asset_accents"]),
            ("CRÈME brul", ["asset_accents"]),
            ("cre\u0300me", ["asset_accents"]),
            ("angstrom", ["asset_accents"]),
            ("fin", ["asset_accents"]),
            ("straße", ["asset_accents"]),
            ("midnight", ["asset_text"]),
            ("hello chapter", ["asset_text"]),
            ("rough_sketch", ["asset_snake"]),
            ("png", ["asset_snake"]),
            ("v2", ["asset_snake"]),
            ("nowhere", []),
            ("one two three four five six seven eight nine ten", ["asset_words"]),
            ("one two three four five six seven eight nine ten eleven", ["asset_words"]),
            ("one two three four five six seven eight nine ten nowhere at all", ["asset_words"]),
            ("one two three four five six seven eight nine nowhere", []),
        ],
    )
    async def test_every_word_must_begin_one_of_the_record(
        self, talk: Talk, query: str, expected: list[str]
    ) -> None:
        """All of the first ten words must, wherever they stand, whatever their case and accents."""
        assert await talk.ids(query=query) == expected

    @pytest.mark.parametrize(
        ("kind", "query", "expected"),
        [
            ("models", "knights", ["model_1"]),
            ("models", "squares", ["model_1"]),
            ("models", "flux", ["model_1"]),
            ("models", "txt2img", ["model_2"]),
            ("models", "scaly", ["model_2"]),
            ("models", "", ["model_2", "model_4", "model_1", "model_3"]),
            ("workflows", "upscale", ["workflow_1"]),
            ("workflows", "enlarges pictures", ["workflow_1"]),
            ("workflows", "sharpen", ["workflow_1"]),
            ("workflows", "backdrops", ["workflow_2"]),
        ],
    )
    async def test_other_indexes_have_words_too(
        self, talk: Talk, kind: str, query: str, expected: list[str]
    ) -> None:
        """Names, tags and descriptions of models and workflows are searched."""
        assert await talk.ids(kind, query=query) == expected

    async def test_better_matches_come_first(self, talk: Talk) -> None:
        """A name counts more than a prompt, that more than a description, a whole word more than its beginning."""
        assert await talk.ids(query="knight") == [
            "asset_name",
            "asset_both",
            "asset_prompt",
            "asset_begun",
            "asset_description",
        ]

    async def test_without_words_the_score_decides_and_then_the_id(self, talk: Talk) -> None:
        """What has no score comes after what has one."""
        ids = await talk.ids(query="", filter="NOT tags = sorted")
        assert ids[:4] == ["asset_description", "asset_begun", "asset_prompt", "asset_name"]
        assert ids[4:] == sorted(ids[4:])

    @pytest.mark.parametrize("ratio", [0, 0.7, 1])
    async def test_the_query_ratio_changes_no_answer(self, talk: Talk, ratio: float) -> None:
        """The emulator has words alone, and finds with them at every ratio."""
        assert await talk.ids(query="malta", querySemanticRatio=ratio) == ["asset_name"]


class TestSorting:
    """Order on demand."""

    @pytest.mark.parametrize(
        ("sort_by", "expected"),
        [
            (["createdAt:asc"], "523416"),
            (["createdAt:desc"], "613425"),
            (["width:asc"], "251634"),
            (["width:desc"], "615234"),
            (["height:asc", "createdAt:desc"], "345126"),
            (["height:desc", "createdAt:asc"], "215346"),
            (["updatedAt:asc", "width:desc"], "615234"),
            (["updatedAt:desc"], "123456"),
            ([], "123456"),
        ],
    )
    async def test_hits_are_sorted(self, talk: Talk, sort_by: list[str], expected: str) -> None:
        """Earlier attributes come first, equal values keep their order, what has no value is last."""
        ids = await talk.ids(filter="tags = sorted", sortBy=sort_by)
        assert "".join(id_[-1] for id_ in ids) == expected

    @pytest.mark.parametrize(("order", "expected"), [("asc", "1423"), ("desc", "2413")])
    async def test_models_are_sorted_by_score(self, talk: Talk, order: str, expected: str) -> None:
        """Their score can be sorted by."""
        ids = await talk.ids("models", query="", sortBy=[f"score:{order}"])
        assert "".join(id_[-1] for id_ in ids) == expected

    @pytest.mark.parametrize(
        ("kind", "sort"),
        [
            *(("assets", sort) for sort in ("score:desc", "score:asc", "metadata.width:asc", "size:desc")),
            ("models", "width:asc"),
            ("workflows", "score:desc"),
        ],
    )
    async def test_what_cannot_be_sorted_by_is_refused(self, talk: Talk, kind: str, sort: str) -> None:
        """The service answers with a 400 of few words."""
        assert await talk.refusal(kind, query="", sortBy=["createdAt:asc", sort]) == "Invalid sort field"

    async def test_sorting_wins_over_the_ranking(self, talk: Talk) -> None:
        """A query ranks only what the sorting leaves equal."""
        ids = await talk.ids(query="knight", sortBy=["width:asc"])
        assert ids == await talk.ids(query="knight")
        ids = await talk.ids(query="sorted", sortBy=["height:asc", "width:asc"])
        assert "".join(id_[-1] for id_ in ids) == "534216"
