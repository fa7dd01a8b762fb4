"""The filter language, on a library small enough to count the answers by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.records import PROJECT, asset, model, workflow

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from emulator.talk import Talk

ASSETS = [
    asset(
        "asset_1",
        {
            "kind": "image",
            "type": "skybox-base-360",
            "name": "Red Knight",
            "prompt": "a knight at dawn",
            "width": 1920,
            "height": 1080,
            "size": 1000,
            "aspectRatio": "16:9",
            "seed": "42",
            "modelId": "model_1",
            "guidance": 3.5,
            "numInferenceSteps": 20,
        },
        tags=["landscape", "knight"],
        collectionIds=["c1", "c2"],
        createdAt="2023-12-31T23:59:59.999Z",
    ),
    asset(
        "asset_2",
        {
            "kind": "image",
            "type": "inference-txt2img",
            "name": "Dragon",
            "prompt": "dragon",
            "width": 1024,
            "height": 1024,
            "size": 2000,
            "aspectRatio": "1:1",
            "seed": "7",
            "modelId": "model_2",
            "guidance": 7.5,
            "numInferenceSteps": 30,
            "negativePrompt": "",
        },
        mimeType="image/jpeg",
        tags=["Landscape", "nsfw"],
        collectionIds=["c1"],
        nsfw=["violence"],
        privacy="public",
        createdAt="2024-01-01T00:00:00.000Z",
    ),
    asset(
        "asset_3",
        {
            "kind": "image",
            "type": "uploaded",
            "name": "",
            "prompt": None,
            "width": 512,
            "height": 768,
            "size": 3000,
        },
        mimeType="image/webp",
        privacy="unlisted",
        createdAt="2024-06-15T12:00:00.000Z",
        authorId="user_2",
    ),
    asset(
        "asset_4",
        {"kind": "video", "type": "img2video", "name": None, "width": 1920, "height": 1080, "size": 4000.5},
        mimeType="video/mp4",
        tags=["AND", "sc:x"],
        collectionIds=["c2"],
        nsfw=["suggestive", "violence"],
        createdAt="2024-06-15T18:30:00.000Z",
        authorId="user_2",
    ),
    asset(
        "asset_5",
        {
            "kind": "audio",
            "type": "txt2audio",
            "name": "Café Noir",
            "text": "Once upon a time",
            "seed": "042",
        },
        mimeType="audio/mpeg",
        tags=["music"],
        createdAt="2024-07-01T00:00:00.000Z",
    ),
    asset(
        "asset_6",
        {"kind": "3d", "type": "img23d", "name": "back\\slash", "scheduler": {}},
        mimeType="model/gltf-binary",
        tags=["two words"],
        createdAt="2024-08-01T00:00:00.000Z",
        authorId="user_3",
    ),
    asset(
        "asset_7",
        {"kind": "text", "name": "line\nbreak", "text": "NOT"},
        mimeType="text/plain",
        createdAt="2024-09-01T00:00:00.000Z",
        authorId="user_3",
    ),
    asset(
        "asset_8",
        {
            "kind": "image",
            "type": "inference-txt2img",
            "name": 'it\'s "big"',
            "width": "1024",
            "height": 1024,
            "aspectRatio": "1:1",
            "seed": "7",
            "scheduler": True,
        },
        tags=["knight", "É"],
        createdAt="2025-01-01T00:00:00.000Z",
    ),
]
del ASSETS[2]["nsfw"]

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


COMPARISONS = [
    ("kind = image", "1238"),
    ("kind=image", "1238"),
    ('kind = "image"', "1238"),
    ("kind = 'image'", "1238"),
    ("kind = IMAGE", "1238"),
    ("kind != image", "4567"),
    ("kind!='Image'", "4567"),
    ('"kind" = image', "1238"),
    ("privacy = private", "145678"),
    ("ownerId = proj_1", "12345678"),
    ("authorId = user_1", "1258"),
    ("modelId = model_1 OR modelId = 'model_2'", "12"),
    ('mimeType = "image/png"', "18"),
    ('mimeType != "video/mp4"', "1235678"),
    ('aspectRatio = "1:1"', "28"),
    ("scheduler = true", "8"),
    ("text = 'once upon a TIME'", "5"),
]
NUMBERS = [
    ("width = 1024", "28"),
    ('width = "1024"', "28"),
    ("width = 1024.0", "2"),
    ("size = 1e3", "1"),
    ("size = 4000.5", "4"),
    ("width != 1024", "134567"),
    ("width > 1024", "14"),
    ("width >= 1024", "1248"),
    ("width>=1024", "1248"),
    ("width < 1024", "3"),
    ("width <= 1024", "238"),
    ("NOT width < 1024", "1245678"),
    ("size > 4000", "4"),
    ("size >= 4000.5", "4"),
    ("size < .5", ""),
    ("guidance > -1", "12"),
    ("height > 0", "12348"),
    ("width = wide", ""),
    ("width > wide", ""),
    ("width != wide", "12345678"),
    ("seed = 7", "28"),
    ("seed = 42", "1"),
    ("seed > 4", "128"),
    ("size 1000 TO 3000", "123"),
    ("size 1001 TO 2999", "2"),
    ("size 3000 TO 1000", ""),
    ("width 512 TO 1024", "23"),
    ("numInferenceSteps '20' TO \"30\"", "12"),
    ("width IN [512, 1920]", "134"),
    ("guidance IN [3.50]", "1"),
]
DATES = [
    ('createdAt >= "2024-01-01"', "2345678"),
    ("createdAt >= 2024-01-01", "2345678"),
    ("createdAt < 2024-01-01", "1"),
    ("createdAt < 2024", "1"),
    ('createdAt >= "2024-06-15T12:00:00.000Z"', "345678"),
    ('createdAt > "2024-06-15T12:00:00.000Z"', "45678"),
    ("createdAt <= '2024-01-01T00:00:00.000Z'", "12"),
    ("createdAt = '2024-01-01t00:00:00.000z'", "2"),
    ('createdAt "2024-01-01" TO "2024-06-16"', "234"),
    ('createdAt IN ["2025-01-01T00:00:00.000Z"]', "8"),
    ("updatedAt = createdAt", ""),
]
LISTS = [
    ("tags = landscape", "12"),
    ("tags = LANDSCAPE", "12"),
    ("tags != landscape", "345678"),
    ('tags = "sc:x"', "4"),
    ("tags = 'two words'", "6"),
    ("tags = 'é'", "8"),
    ("tags = é", "8"),
    ("tags = ''", ""),
    ("collectionIds = c1", "12"),
    ("collectionIds = c1 AND collectionIds = c2", "1"),
    ("collectionIds != c1", "345678"),
    ("nsfw = violence", "24"),
    ("nsfw != violence", "135678"),
    ("nsfw > s", "24"),
    ("tags IN [landscape, music]", "125"),
    ("tags IN[landscape,music,]", "125"),
    ("tags IN ['Two Words', \"sc:x\"]", "46"),
    ("tags IN []", ""),
    ("tags NOT IN [landscape, music]", "34678"),
    ("NOT tags IN [landscape, music,]", "34678"),
    ("tags NOT IN []", "12345678"),
    ("kind IN ['3D', audio, Text]", "567"),
    ("tags CONTAINS scape", "12"),
    ("tags STARTS WITH 'sc:'", "4"),
]
TEXTS = [
    ("name CONTAINS knight", "1"),
    ("name CONTAINS 'D k'", "1"),
    ("name CONTAINS a", "2567"),
    ("name NOT CONTAINS a", "1348"),
    ("NOT name CONTAINS a", "1348"),
    ("name CONTAINS ''", "1235678"),
    ("width CONTAINS 02", "8"),
    ("mimeType STARTS WITH 'image/'", "1238"),
    ("mimeType STARTS WITH IMAGE", "1238"),
    ("mimeType NOT STARTS WITH image", "4567"),
    ("mimeType STARTS\n WITH audio", "5"),
    ("width STARTS WITH 10", "8"),
    ("name > d AND name < s", "1278"),
]
PRESENCE = [
    ("name EXISTS", "12345678"),
    ("text EXISTS", "57"),
    ("text NOT EXISTS", "123468"),
    ("NOT text EXISTS", "123468"),
    ("prompt EXISTS", "123"),
    ("nsfw EXISTS", "1245678"),
    ("prompt IS NULL", "3"),
    ("name IS NULL", "4"),
    ("name IS NOT NULL", "1235678"),
    ("text IS NULL", ""),
    ("NOT text IS NULL", "12345678"),
    ("name IS EMPTY", "3"),
    ("name IS NOT EMPTY", "1245678"),
    ("negativePrompt IS EMPTY", "2"),
    ("tags IS EMPTY", "37"),
    ("scheduler IS EMPTY", "6"),
    ("nsfw IS EMPTY", "15678"),
    ("nsfw IS NOT EMPTY", "234"),
    ("NOT nsfw IS NOT EMPTY", "15678"),
]
LOGIC = [
    ("NOT kind = image", "4567"),
    ("NOT NOT kind = image", "1238"),
    ("NOT kind != image", "1238"),
    ("kind = audio OR kind = image AND tags = nsfw", "25"),
    ("kind = image AND tags = nsfw OR kind = audio", "25"),
    ("(kind = audio OR kind = image) AND tags = nsfw", "2"),
    ("kind = audio OR (kind = image AND tags = nsfw)", "25"),
    ("NOT kind = image AND tags = music", "5"),
    ("NOT kind = image OR tags = landscape", "124567"),
    ("NOT (kind = image AND tags = landscape)", "345678"),
    ("NOT(kind = image OR kind = audio)", "467"),
    ("kind = image AND NOT (width > 2000 OR tags IS EMPTY)", "128"),
    ("((((kind = video))))", "4"),
    ("kind = image\n AND\ttags = knight", "18"),
    ("  kind = video  ", "4"),
    ("", "12345678"),
    (" \n", "12345678"),
    (" AND ".join(["kind = image"] * 2000), "1238"),
]
ESCAPES = [
    (r'name = "back\\slash"', "6"),
    (r"name = 'back\\slash'", "6"),
    (r'name = "line\nbreak"', "7"),
    (r"name = 'line\u{a}break'", "7"),
    (r'name = "line\u{00000A}break"', "7"),
    (r'name = "line\x0Abreak"', "7"),
    ('name = "line\nbreak"', "7"),
    (r'name = "line\tbreak"', ""),
    (r'name = "it\'s \"big\""', "8"),
    ('name = "it\'s \\"big\\""', "8"),
    (r"name = 'it\'s" + ' "big"\'', "8"),
    (r"name = 'it\'s \"big\"'", "8"),
    (r'name = "\x52ed \u{4b}night"', "1"),
    (r'"n\x61me" = Dragon', "2"),
    (r'name = "caf\u{e9} noir"', "5"),
    ("name = 'café noir'", "5"),
]
KEYWORDS = [
    ('tags = "AND"', "4"),
    ("tags = 'AND'", "4"),
    ("tags = and", "4"),
    ('text = "NOT"', "7"),
    ("text IN ['NOT', \"OR\"]", "7"),
    ("tags = ANDROID", ""),
    ("name = ENDS", ""),
    ("name = WITHIN OR name = INTO OR name = NOTHING", ""),
]
UNDER_METADATA = [
    ("metadata.type = uploaded", "3"),
    ("metadata.type CONTAINS sky", "1"),
    ("metadata.type NOT EXISTS", "7"),
    ("'metadata.type' = img2video", "4"),
    ("metadata.width >= 1920", "14"),
    ("metadata.name = dragon", "2"),
]
EXAMPLES = [
    ("width >= 1920 AND height >= 1080 AND tags = landscape", "1"),
    ("tags = landscape AND NOT tags = nsfw", "1"),
    ('nsfw IS EMPTY AND kind = "image" AND NOT metadata.type CONTAINS "skybox"', "8"),
    ('(kind = "image" OR kind = "audio")', "12358"),
]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        *(COMPARISONS + NUMBERS + DATES + LISTS + TEXTS),
        *(PRESENCE + LOGIC + ESCAPES + KEYWORDS + UNDER_METADATA + EXAMPLES),
    ],
)
async def test_a_filter_finds_the_assets_that_were_counted_by_hand(
    talk: Talk, filter: str, expected: str
) -> None:
    """Each operator, and each way to combine them, holds for the right assets."""
    assert await found(talk, "assets", filter) == expected


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
    by_offset = await talk.search(filter="kind = image", limit=1)
    by_page = await talk.search(filter="kind = image", hitsPerPage=3)
    assert by_offset["estimatedTotalHits"] == 4
    assert (by_page["totalHits"], by_page["totalPages"]) == (4, 2)


async def test_a_filter_and_a_query_must_both_hold(talk: Talk) -> None:
    """What the words find is filtered."""
    assert sorted(await talk.ids(query="knight")) == ["asset_1", "asset_8"]
    assert await talk.ids(query="knight", filter="width > 1500") == ["asset_1"]


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ("kind", "it ends too early"),
        ("kind =", "it ends too early, expected a quoted text or a word"),
        ("kind = image AND", "it ends too early"),
        ("kind image", "it ends too early, expected TO"),
        ("(kind = image", "it ends too early"),
        ("kind IN [image", "it ends too early"),
        ("width 5 TO", "it ends too early"),
        ("name IS NOT", "it ends too early"),
        ("NOT", "it ends too early"),
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
        (r'name = "\u0041"', r"unknown escape \u at line 1, column 9"),
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
    "filter",
    [
        "name ENDS WITH t",
        'kind = image AND name ENDS WITH "t"',
        "NOT name ENDS\n WITH 't'",
        "(name ENDS WITH t)",
    ],
)
async def test_ends_with_fails_as_it_does_live(talk: Talk, filter: str) -> None:
    """The service answers this operator with a 500."""
    assert await talk.refusal(filter=filter, status=500) == "Internal server error"


async def test_with_alone_is_a_syntax_error(talk: Talk) -> None:
    """Only the operator that the service fails on is a 500."""
    assert "unexpected 'WITH' at line 1, column 6" in await talk.refusal(filter="name WITH t")


@pytest.mark.parametrize("levels", [2, 100, 200])
@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("NOT ", ""), ("(NOT (NOT ", "))")])
async def test_a_filter_may_nest_two_hundred_levels(
    talk: Talk, opening: str, closing: str, levels: int
) -> None:
    """Parentheses and negations nest up to the service's limit."""
    times = levels // (opening.count("(") + opening.count("NOT"))
    assert await found(talk, "assets", opening * times + "kind = video" + closing * times) == "4"


@pytest.mark.parametrize("levels", [201, 5000])
@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("NOT ", "")])
async def test_a_filter_may_not_nest_deeper(talk: Talk, opening: str, closing: str, levels: int) -> None:
    """One level too many is a 400 that says how many are allowed, however deep it goes."""
    reason = await talk.refusal(filter=opening * levels + "kind = video" + closing * levels)
    assert f"{levels} levels deep, 200 are allowed" in reason


async def test_nesting_is_that_of_the_deepest_part(talk: Talk) -> None:
    """Groups that stand side by side don't add up."""
    part = "(" * 150 + "kind = video" + ")" * 150
    assert await found(talk, "assets", f"{part} AND {part} OR {part}") == "4"
