"""Words and order: which hits come, and which first."""

from __future__ import annotations

import asyncio
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
            ("knight malta", ["asset_name", "asset_both", "asset_prompt", "asset_description"]),
            ("malta, knight!", ["asset_name"]),
            ("mal kni", []),
            ("malta kni", ["asset_name"]),
            ("malta malta", ["asset_name"]),
            ("malta dragon", ["asset_name"]),
            ("nowhere malta", []),
            ("knight dragon", ["asset_both", "asset_name", "asset_prompt", "asset_description"]),
            ("knight breathing", ["asset_both", "asset_name", "asset_prompt", "asset_description"]),
            ("knight -dragon", ["asset_name", "asset_prompt", "asset_description"]),
            ('"a knight"', ["asset_prompt"]),
            ('nowhere "hello there"', ["asset_text"]),
            ("fire", ["asset_both"]),
            ("creme", ["asset_accents"]),
            ("CRÈME brul", ["asset_accents"]),
            ("cre\u0300me", ["asset_accents"]),
            ("angstrom", ["asset_accents"]),
            ("fin", ["asset_accents"]),
            ("straße", []),
            ("strasse", ["asset_accents"]),
            ("sketch", ["asset_snake"]),
            ("roughsketch", ["asset_snake"]),
            ("mid night", ["asset_text"]),
            ("midnight", ["asset_text"]),
            ("hello chapter", ["asset_text"]),
            ("rough_sketch", ["asset_snake"]),
            ("png", ["asset_snake"]),
            ("v2", ["asset_snake"]),
            ("nowhere", []),
            (
                "one two three four five six seven eight nine ten",
                ["asset_words", "asset_description", "asset_text"],
            ),
            (
                "one two three four five six seven eight nine ten eleven",
                ["asset_words", "asset_description", "asset_text"],
            ),
            (
                "one two three four five six seven eight nine ten nowhere at all",
                ["asset_words", "asset_description", "asset_text"],
            ),
            (
                "one two three four five six seven eight nine nowhere",
                ["asset_words", "asset_description", "asset_text"],
            ),
        ],
    )
    async def test_words_are_found(self, talk: Talk, query: str, expected: list[str]) -> None:
        """The first of them must be there, the more of them the better; the last may be the beginning of one.

        Punctuation parts words, phrases stand together, and what is unwanted is not there.
        """
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
        """A name counts more than a prompt, that more than a description, then a whole word more than its beginning."""
        assert await talk.ids(query="knight") == [
            "asset_name",
            "asset_both",
            "asset_begun",
            "asset_prompt",
            "asset_description",
        ]

    async def test_without_words_the_score_decides_and_then_the_arrival(self, talk: Talk) -> None:
        """What has no score comes after what has one."""
        ids = await talk.ids(query="", filter="NOT tags = sorted")
        assert ids[:4] == ["asset_description", "asset_begun", "asset_prompt", "asset_name"]
        assert ids[4:] == ["asset_both", "asset_accents", "asset_text", "asset_words", "asset_snake"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("midnigt", ["asset_text"]),
            ("mudnight", ["asset_text"]),
            ("miidnight", ["asset_text"]),
            ("mdinight", ["asset_text"]),
            ("midnigh", ["asset_text"]),
            ("midnightx", ["asset_text"]),
            ("midngiht hello", ["asset_text"]),
            ("brulet", ["asset_accents"]),
            ("hallo chaptor", ["asset_text"]),
            ("brethi", ["asset_both"]),
            ("nidnight", []),
            ("mdnigt", []),
            ("onc", ["asset_text"]),
            ("onec", []),
        ],
    )
    async def test_a_letter_may_be_wrong(self, talk: Talk, query: str, expected: list[str]) -> None:
        """One in a word of five or more, also where a word is only begun, but not the first, and not two."""
        assert await talk.ids(query=query) == expected

    @pytest.mark.parametrize(
        "query",
        ["a" * 5_000, "kn" * 2_000_000, "Ω " * 10_000, "knight " * 500_000],
        ids=lambda query: query[:8],
    )
    async def test_long_queries_are_answered_like_others(self, talk: Talk, query: str) -> None:
        """Their first ten words are, and only one typo in a word of a usual length is looked for."""
        expected = await talk.ids(query="knight ") if query.startswith("knight") else []
        async with asyncio.timeout(2):
            assert await talk.ids(query=query) == expected
            await talk.ids(query=query, querySemanticRatio=0.5)

    async def test_what_is_spelt_as_asked_comes_first(self, talk: Talk) -> None:
        """A word that is only like another counts less than one that begins with it."""
        assert (await talk.ids(query="knightho"))[0] == "asset_begun"
        assert set(await talk.ids(query="knigh")) == set(await talk.ids(query="knight"))
        assert set(await talk.ids(query="knigth")) == set(await talk.ids(query="knight"))

    async def test_the_score_tells_how_well_a_hit_fits(self, talk: Talk) -> None:
        """It falls from hit to hit, is 1 at most, and without a query is the record's own."""
        hits = (await talk.search(query="knight"))["hits"]
        scores = [hit["score"] for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == 1
        assert 0 < scores[-1] < 0.95
        own = {hit["id"]: hit.get("score") for hit in (await talk.search(query=""))["hits"]}
        assert own["asset_name"] == 0.1
        assert own["asset_both"] is None


class TestMeaning:
    """Search by what texts mean, by `querySemanticRatio`."""

    async def test_without_a_ratio_words_alone_count(self, talk: Talk) -> None:
        """Another word for the same is no match."""
        assert await talk.ids(query="warrior") == []

    @pytest.mark.parametrize("ratio", [0.2, 0.7, 1])
    async def test_other_words_for_the_same_are_found(self, talk: Talk, ratio: float) -> None:
        """A ratio brings what speaks of the same thing first, and then everything else: no hit is too far away."""
        ids = await talk.ids(query="warrior", querySemanticRatio=ratio, limit=100)
        assert set(ids[:3]) == {"asset_name", "asset_prompt", "asset_both"}
        assert len(ids) == len(await talk.ids(query="", limit=100))
        filtered = await talk.ids(
            query="warrior", querySemanticRatio=ratio, limit=100, filter="tags = sorted"
        )
        assert set(filtered) == set(await talk.ids(query="", limit=100, filter="tags = sorted"))

    async def test_a_ratio_below_one_keeps_what_the_words_find(self, talk: Talk) -> None:
        """Whatever it means, and adds to it."""
        by_words = await talk.ids(query="malta")
        assert by_words == ["asset_name"]
        assert (await talk.ids(query="malta", querySemanticRatio=0.5))[0] == "asset_name"
        by_words = await talk.ids(query="knight")
        assert set((await talk.ids(query="knight", querySemanticRatio=0.3))[: len(by_words)]) == set(by_words)

    async def test_the_ratio_blends_both_scores(self, talk: Talk) -> None:
        """Half of each is in the middle between words alone and meaning alone."""
        scores = [
            {
                hit["id"]: hit["score"]
                for hit in (await talk.search(query="knight", querySemanticRatio=ratio))["hits"]
            }
            for ratio in (0, 0.5, 1)
        ]
        assert scores[0]["asset_prompt"] == pytest.approx((2 + 7 / 8) / 3, abs=1e-6)
        for id_ in ("asset_name", "asset_prompt"):
            assert scores[1][id_] == pytest.approx((scores[0][id_] + scores[2][id_]) / 2, abs=2e-6)
            assert 0.3 < scores[2][id_] < 1

    async def test_models_and_workflows_have_meanings_too(self, talk: Talk) -> None:
        """Each index on its own."""
        assert (await talk.ids("models", query="fortress", querySemanticRatio=1))[0] == "model_3"
        assert (await talk.ids("models", query="elixir", querySemanticRatio=0.9))[0] == "model_4"

    async def test_letters_stand_in_for_unknown_words(self, talk: Talk) -> None:
        """Forms of a word that no list has are near to it."""
        assert (await talk.ids("workflows", query="upscaling", querySemanticRatio=1))[:1] == ["workflow_1"]


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
