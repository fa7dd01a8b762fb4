"""Filters on models and workflows, and what every index refuses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from emulator.records import PROJECT, asset, model, workflow

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from emulator.talk import Talk

ASSETS = [
    asset("asset_1", {"kind": "video", "name": "Knight"}),
    asset("asset_2", {"kind": "image", "name": "Knight", "width": 1920}),
    asset("asset_3", {"kind": "image", "name": "Dragon", "width": 1024}),
]
MODELS = [
    model(
        "model_1",
        name="Pixel Knights",
        capabilities=["txt2img", "img2img"],
        source="training",
        trainingImagesNumber=20,
        concepts=[{"modelId": "model_a"}, {"modelId": "model_b"}],
        type="flux.1-lora",
        exampleAssetIds=["asset_1"],
        complianceMetadata={
            "subProcessor": "fal",
            "modelProvider": "Black Forest Labs",
            "maintainer": "scenario",
        },
    ),
    model(
        "model_2",
        capabilities=["txt2img"],
        source="training",
        trainingImagesNumber=19,
        concepts=[{"modelId": "model_a"}],
        complianceMetadata={"subProcessor": "openai", "modelProvider": "OpenAI", "maintainer": "OpenAI"},
    ),
    model("model_3", capabilities=["img2img", "inpaint"], trainingImagesNumber=40),
    model(
        "model_4",
        capabilities=["txt2img", "inpaint", "img2img"],
        source="civitai",
        parentModelId="model_1",
        collectionIds=["c1"],
    ),
]
del MODELS[3]["concepts"]

WORKFLOWS = [
    workflow("workflow_1", status="ready", tags=["upscale"], collectionIds=["c1"]),
    workflow("workflow_2", status="draft", name="Knight turnaround"),
    workflow("workflow_3", status="deleted", tags=["upscale", "old"], privacy="public"),
]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of the records above."""
    return Emulator(Library(ASSETS, MODELS, WORKFLOWS, project_id=PROJECT))


async def found(talk: Talk, kind: str, filter: str) -> str:
    """Give the numbers in the ids of what a filter finds, in order."""
    return "".join(sorted(id_.rpartition("_")[2] for id_ in await talk.ids(kind, filter=filter)))


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("capabilities = txt2img AND capabilities = img2img", "14"),
        ("source = training AND trainingImagesNumber >= 20", "1"),
        ("trainingImagesNumber 19 TO 40", "123"),
        ("type = 'flux.1-lora'", "1"),
        ("type = flux.1-lora", "1"),
        ("concepts = model_a", "12"),
        ("concepts.modelId = model_b", "1"),
        ("concepts != model_b", "234"),
        ("concepts IS EMPTY", "3"),
        ("concepts NOT EXISTS", "4"),
        ("concepts.modelId = model_a AND concepts EXISTS", "12"),
        ("complianceMetadata.subProcessor = fal", "1"),
        ("complianceMetadata.modelProvider CONTAINS forest", "1"),
        ("complianceMetadata.maintainer != scenario", "234"),
        ("complianceMetadata.maintainer NOT EXISTS", "34"),
        ("parentModelId EXISTS", "4"),
        ("exampleAssetIds = asset_1", "1"),
        ("exampleAssetIds IS EMPTY AND collectionIds IS NOT EMPTY", "4"),
        ("name CONTAINS pixel", "1"),
    ],
)
async def test_a_filter_finds_models(talk: Talk, filter: str, expected: str) -> None:
    """The attributes of models can be filtered by, those that no hit shows among them."""
    assert await found(talk, "models", filter) == expected


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("status = ready", "1"),
        ("status != deleted", "12"),
        ("status IN [draft, deleted] AND tags = upscale", "3"),
        ("name CONTAINS turnaround", "2"),
        ("privacy = public OR collectionIds = c1", "13"),
        ("createdAt >= 2024-01-01 AND authorId = user_1 AND ownerId = proj_1", "123"),
    ],
)
async def test_a_filter_finds_workflows(talk: Talk, filter: str, expected: str) -> None:
    """The fields of a workflow's hit can be filtered by."""
    assert await found(talk, "workflows", filter) == expected


async def test_a_filter_counts_what_it_finds(talk: Talk) -> None:
    """The totals are those of the filtered search, in either mode of paging."""
    by_offset = await talk.search("models", filter="tags IS EMPTY", limit=1)
    by_page = await talk.search("models", filter="tags IS EMPTY", hitsPerPage=3)
    assert by_offset["estimatedTotalHits"] == 4
    assert (by_page["totalHits"], by_page["totalPages"]) == (4, 2)


async def test_a_filter_and_a_query_must_both_hold(talk: Talk) -> None:
    """What the words find is filtered."""
    assert sorted(await talk.ids(query="knight")) == ["asset_1", "asset_2"]
    assert await talk.ids(query="knight", filter="width > 1500") == ["asset_2"]


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ("kind", "unexpected end at line 1, column 5, expected "),
        ("kind =", "unexpected end at line 1, column 7, expected a quoted text or a word"),
        ("kind = image AND", "unexpected end at line 1, column 17, expected "),
        ("kind image", "unexpected end at line 1, column 11, expected TO"),
        ("(kind = image", "unexpected end at line 1, column 14, expected "),
        ("kind IN [image", "unexpected end at line 1, column 15, expected "),
        ("width 5 TO", "unexpected end at line 1, column 11, expected "),
        ("name IS NOT", "unexpected end at line 1, column 12, expected "),
        ("NOT", "unexpected end at line 1, column 4, expected "),
        ("kind:image", "unexpected ':' at line 1, column 5"),
        ("kind = image)", "unexpected ')' at line 1, column 13"),
        ("kind = AND", "unexpected 'AND' at line 1, column 8, expected a quoted text or a word"),
        ("kind =\n\n  OR", "unexpected 'OR' at line 3, column 3"),
        ("kind == image", "unexpected '=' at line 1, column 7"),
        ("kind = image kind = video", "unexpected 'kind' at line 1, column 14"),
        ("kind IN [image video]", "unexpected 'video' at line 1, column 16"),
        ("kind IN [,]", "unexpected ',' at line 1, column 10"),
        ("kind IN image", "unexpected 'image' at line 1, column 9"),
        ("kind IN [image,,]", "unexpected ',' at line 1, column 16"),
        ("mimeType = image/png", "unexpected '/' at line 1, column 17"),
        ("kind IS image", "unexpected 'image' at line 1, column 9"),
        ("kind is EMPTY", "unexpected 'EMPTY' at line 1, column 9"),
        ("kind = image && width > 5", "unexpected '&' at line 1, column 14"),
        ("kind = image and width > 5", "unexpected 'and' at line 1, column 14"),
        ("AND kind = image", "unexpected 'AND' at line 1, column 1"),
        ("= image", "unexpected '=' at line 1, column 1"),
        ("()", "unexpected ')' at line 1, column 2"),
        ("kind NOT = image", "unexpected '=' at line 1, column 10"),
        ("kind STARTS image", "unexpected 'image' at line 1, column 13"),
        ("EXISTS = image", "unexpected 'EXISTS' at line 1, column 1"),
        ("kind = IN", "unexpected 'IN' at line 1, column 8"),
        ("tags IN [NOT]", "unexpected 'NOT' at line 1, column 10"),
        ("width = +5", "unexpected '+' at line 1, column 9"),
        ('kind = "image', "the quote at line 1, column 8 is never closed"),
        ("kind = 'image\"", "the quote at line 1, column 8 is never closed"),
        ("kind = image AND name = 'it's'", "unexpected 's' at line 1, column 29"),
        (r'kind = "image\"', "the quote at line 1, column 8 is never closed"),
        (r'name = "\q"', r"unknown escape \q at line 1, column 9"),
        (r"name = 'ab\u{110000}'", r"unknown escape \u{110000} at line 1, column 11"),
        (r'name = "\u{}"', r"unknown escape \u at line 1, column 9"),
        (r'name = "\x4"', r"unknown escape \x at line 1, column 9"),
        (r'name = "\u004"', r"unknown escape \u at line 1, column 9"),
        (r'name = "\8"', r"unknown escape \8 at line 1, column 9"),
        (r'name = "\N"', r"unknown escape \N at line 1, column 9; a backslash is written \\"),
        (r'name = "\u{d800}"', r"unknown escape \u{d800} at line 1, column 9"),
        (r'name = "\udfff"', r"unknown escape \udfff at line 1, column 9"),
        (r'name = "\u{fffffffffffffffff}"', r"unknown escape \u at line 1, column 9"),
        ('name = "a\n\\q"', r"unknown escape \q at line 2, column 1"),
        ("name = 'one\r\ntwo\\q'", r"unknown escape \q at line 2, column 4"),
        ("kind = image AND\n  name = 'a\n\n  b\\q'", r"unknown escape \q at line 4, column 4"),
        ('kind = image AND "na\nm\\qe" = x', r"unknown escape \q at line 2, column 2"),
        ("name = 'a\nb' AND name = '\\q'", r"unknown escape \q at line 2, column 16"),
        ("name = 'a\nb' AND =", "unexpected '=' at line 2, column 8"),
        ("name = 'a\nb' AND", "unexpected end at line 2, column 7"),
        ("kind =\n", "unexpected end at line 2, column 1"),
        ("kind\u00a0= image", "unexpected '\\xa0' at line 1, column 5, expected CONTAINS"),
        ("kind = 🐉", "unexpected '🐉' at line 1, column 8, expected a quoted text or a word"),
        ("kind = " + "a" * 100 + " b", "unexpected 'b' at line 1, column 109"),
        ("kind = b " + "a" * 100, f"unexpected '{'a' * 40}…' at line 1, column 10"),
    ],
)
async def test_a_faulty_filter_is_refused_with_the_place_of_the_fault(
    talk: Talk, filter: str, told: str
) -> None:
    """A syntax error is a 400 that says where it is and, mostly, what was expected."""
    reason = await talk.refusal(filter=filter)
    assert reason.startswith("Invalid filter: ")
    assert told in reason


@pytest.mark.parametrize(
    ("kind", "filter", "attribute", "place", "others"),
    [
        ("assets", "colour = red", "colour", "line 1, column 1", ["`kind`", "`metadata.type`", "`tags`"]),
        ("assets", "kind = image AND\nscore > 0.5", "score", "line 2, column 1", ["`width`"]),
        ("assets", "NOT (type = uploaded)", "type", "line 1, column 6", ["`metadata.type`"]),
        ("assets", "Kind = image", "Kind", "line 1, column 1", ["`kind`"]),
        ("assets", "status = ready", "status", "line 1, column 1", ["`privacy`"]),
        ("models", "width > 5", "width", "line 1, column 1", ["`concepts`", "`trainingImagesNumber`"]),
        ("workflows", "'source' EXISTS", "source", "line 1, column 1", ["`status`"]),
    ],
)
async def test_an_unknown_attribute_is_refused_with_those_that_can_be_filtered(  # noqa: PLR0917
    talk: Talk, kind: str, filter: str, attribute: str, place: str, others: list[str]
) -> None:
    """The refusal names the attribute, its place and every filterable attribute of that index."""
    reason = await talk.refusal(kind, filter=filter)
    assert f"`{attribute}` is not filterable" in reason
    assert place in reason
    available = reason.partition("Available filterable attributes are: ")[2]
    assert all(name in available for name in others)
    assert f"`{attribute}`" not in available


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ("_geoRadius(45.4, 9.1, 2000)", "_geoRadius at line 1, column 1 is reserved"),
        ("kind = image AND\n_geoBoundingBox([1, 2], [3, 4])", "_geoBoundingBox at line 2, column 1"),
        ("NOT _geoPolygon([1, 2], [3, 4])", "_geoPolygon at line 1, column 5"),
        ("_geoPoint(1, 2)", "_geoPoint at line 1, column 1"),
        ("_geo(1)", "_geo at line 1, column 1"),
        ("kind = _geoDistance", "_geoDistance at line 1, column 8"),
        ("kind IN [_geoRadius]", "_geoRadius at line 1, column 10"),
    ],
)
async def test_searches_by_place_are_refused_as_such(talk: Talk, filter: str, told: str) -> None:
    """The words that are reserved for them are named with their place."""
    reason = await talk.refusal(filter=filter)
    assert told in reason
    assert "searches by place, which are not supported" in reason


@pytest.mark.parametrize(
    "filter",
    [
        "name ENDS WITH t",
        'kind = image AND name ENDS WITH "t"',
        "NOT name ENDS\n WITH 't'",
        "name NOT ENDS WITH t",
        "(name ENDS WITH t)",
    ],
)
async def test_ends_with_fails_as_it_does_live(talk: Talk, filter: str) -> None:
    """The service answers this operator with a 500."""
    assert await talk.refusal(filter=filter, status=500) == "Internal server error"


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ("name WITH t", "unexpected 'WITH' at line 1, column 6"),
        ("name ENDS t", "unexpected 't' at line 1, column 11"),
        ("name ENDS WITHIN", "unexpected 'WITHIN' at line 1, column 11"),
        ("name = ENDS WITH t", "unexpected 'WITH' at line 1, column 13"),
        ("ENDS WITH t", "unexpected 'WITH' at line 1, column 6"),
        ("name BENDS WITH t", "unexpected 'WITH' at line 1, column 12"),
    ],
)
async def test_its_words_elsewhere_are_syntax_errors(talk: Talk, filter: str, told: str) -> None:
    """Only the operator that the service fails on is a 500."""
    assert told in await talk.refusal(filter=filter)


@pytest.mark.parametrize(
    ("opening", "closing", "times"),
    [("(", ")", 36), ("NOT ", "", 147), ("NOT(", ")", 29), ("(NOT NOT NOT NOT ", ")", 18), ("(", ")", 2)],
)
async def test_a_filter_may_nest_a_hundred_and_fifty_levels(
    talk: Talk, opening: str, closing: str, times: int
) -> None:
    """Parentheses take four of them, NOT takes one."""
    kept = await found(talk, "assets", opening * times + "kind = video" + closing * times)
    assert kept == ("1" if opening.count("NOT") * times % 2 == 0 else "23")


@pytest.mark.parametrize(
    ("opening", "closing", "times"),
    [("(", ")", 37), ("NOT ", "", 148), ("NOT(", ")", 30), ("(NOT NOT NOT NOT ", ")", 19), ("(", ")", 5000)],
)
async def test_a_filter_may_not_nest_deeper(talk: Talk, opening: str, closing: str, times: int) -> None:
    """One level too many is a 400 that says where and what counts, however deep it goes."""
    reason = await talk.refusal(filter=opening * times + "kind = video" + closing * times)
    assert reason.startswith("Invalid filter: it nests too deep at line 1, column ")
    assert reason.endswith(": 150 levels are allowed, of which parentheses take four and NOT takes one")


async def test_nesting_is_that_of_the_deepest_part(talk: Talk) -> None:
    """Groups that stand side by side don't add up."""
    part = "(" * 36 + "kind = video" + ")" * 36
    assert await found(talk, "assets", f"{part} AND {part} OR {part}") == "1"


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (" OR ".join(["name = Dragon"] * 5000), "3"),
        ("kind IN [" + "video," * 15000 + "]", "1"),
        ("name = '" + r"\x41" * 25_000 + "'", ""),
        ("name != '" + "a" * 100_000 + "'", "123"),
        (" " * 100_000 + "kind = video", "1"),
        ("width = " + "9" * 100_000, ""),
        (" AND ".join(["(" * 36 + "kind = video" + ")" * 36] * 1000), "1"),
    ],
    ids=["many conditions", "many values", "escapes", "long text", "blanks", "digits", "parentheses"],
)
async def test_a_filter_may_be_very_long(talk: Talk, filter: str, expected: str) -> None:
    """A hundred thousand characters are read within a few seconds, whatever they are."""
    async with asyncio.timeout(10):
        assert await found(talk, "assets", filter) == expected


@pytest.mark.parametrize(
    "filter",
    [
        *("(" * 100_000, ")" * 100_000, "NOT " * 25_000, "'" * 99_999, "\\" * 100_000, " " * 100_000 + "!"),
        *('kind = "' + "\\" * 99_999, "kind = '" + "\\'" * 50_000, "ENDS " * 20_000, "a" * 100_000),
        *("kind IN [" + "a," * 50_000, "kind " + "ENDS\n" * 20_000 + "WITH", "[" * 100_000, "\0" * 100_000),
    ],
    ids=range(14),
)
async def test_a_pathological_filter_is_refused(talk: Talk, filter: str) -> None:
    """What no grammar holds is a 400 within seconds, and the reply does not repeat it all."""
    async with asyncio.timeout(10):
        reason = await talk.refusal(filter=filter)
    assert reason.startswith("Invalid filter: ")
    assert len(reason) < 300


async def test_a_filter_with_half_a_character_is_answered(talk: Talk) -> None:
    """A lone surrogate, which JSON can carry, is found nowhere and breaks nothing."""
    assert await found(talk, "assets", "name = '\ud800'") == ""
    assert "\\ud800" in repr(await talk.refusal(filter="name = \ud800"))
    assert "not filterable" in await talk.refusal(filter="'\ud800' = x")


FILTERABLE = {
    "assets": (
        "kind width height size aspectRatio mimeType name prompt text negativePrompt seed modelId baseModelId "
        "modelType numInferenceSteps guidance scheduler tags collectionIds nsfw privacy createdAt updatedAt "
        "authorId ownerId metadata.type"
    ),
    "models": (
        "name type source parentModelId capabilities tags collectionIds concepts trainingImagesNumber "
        "exampleAssetIds complianceMetadata.subProcessor complianceMetadata.modelProvider "
        "complianceMetadata.maintainer privacy ownerId authorId createdAt updatedAt"
    ),
    "workflows": "status privacy tags authorId collectionIds name createdAt updatedAt",
}


@pytest.mark.parametrize(
    ("kind", "attribute"), [(kind, name) for kind, names in FILTERABLE.items() for name in names.split()]
)
async def test_each_documented_attribute_can_be_filtered_by(talk: Talk, kind: str, attribute: str) -> None:
    """No test of presence leaves a record out twice."""
    assert await found(talk, kind, f"{attribute} EXISTS OR {attribute} NOT EXISTS") in {"123", "1234"}


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        *(("assets", name) for name in ("id", "url", "teamId", "description", "score", "metadata", "status")),
        *(("models", name) for name in ("id", "score", "status", "complianceMetadata", "shortDescription")),
        *(("workflows", name) for name in ("id", "description", "thumbnail")),
        *((kind, "_vectors") for kind in FILTERABLE),
    ],
)
async def test_no_other_attribute_can_be_filtered_by(talk: Talk, kind: str, attribute: str) -> None:
    """What hits show may still be out of the filters' reach."""
    assert f"`{attribute}` is not filterable" in await talk.refusal(kind, filter=f"{attribute} EXISTS")


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("assets", "createdAt updatedAt width height"),
        ("models", "createdAt updatedAt score"),
        ("workflows", "createdAt updatedAt"),
    ],
)
async def test_each_documented_attribute_can_be_sorted_by(talk: Talk, kind: str, attributes: str) -> None:
    """Both orders are taken, and several attributes."""
    orders = [f"{name}:{order}" for name in attributes.split() for order in ("asc", "desc")]
    for order in orders:
        assert await talk.ids(kind, filter="", sortBy=[order])
    assert await talk.ids(kind, filter="", sortBy=orders)


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        *(("assets", order) for order in ("score:desc", "score:asc", "name:asc", "metadata.width:asc")),
        *(("models", "name:asc"), ("workflows", "score:desc"), ("workflows", "status:asc")),
    ],
)
async def test_no_other_attribute_can_be_sorted_by(talk: Talk, kind: str, order: str) -> None:
    """The refusal is worded as the live service words it."""
    assert await talk.refusal(kind, filter="", sortBy=[order]) == "Invalid sort field"
