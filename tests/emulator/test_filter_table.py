"""The filter language on eight assets, few enough to count the answers by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import PROJECT, asset

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search

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


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of the records above."""
    return Emulator(Library(ASSETS, project_id=PROJECT))


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
    ("kind\r\n=\timage", "1238"),
    ("modelId != model_1", "2345678"),
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
    ("guidance > 3.5", "2"),
    ("guidance >= 3.5", "12"),
    ("numInferenceSteps != 20", "2345678"),
    ("width IN ['1024']", "28"),
    ("width NOT IN [1024]", "134567"),
    ("height IN [1080, 768,]", "134"),
    ("size NOT IN []", "12345678"),
    ("size = 1_000", ""),
    ("size = \u0661\u0660\u0660\u0660", ""),
    ("width < 1e999", "8"),
    ("width > -1e999", "8"),
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
    ("createdAt 2024-01-01 TO 2024-06-15", "2"),
    ("NOT createdAt > 2024-06-16", "1234"),
    ("updatedAt = '2024-05-01T08:00:00.000Z'", "12345678"),
    ("createdAt STARTS WITH '2024-06-15'", "34"),
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
    ("tags NOT STARTS WITH 'sc:'", "1235678"),
    ("tags NOT CONTAINS scape", "345678"),
    ("NOT tags STARTS WITH land", "345678"),
    ("NOT nsfw IS EMPTY AND NOT nsfw = violence", "3"),
]
TEXTS = [
    ("name CONTAINS knight", "1"),
    ("name CONTAINS 'D k'", "1"),
    ("name CONTAINS a", "2567"),
    ("name NOT CONTAINS a", "1348"),
    ("NOT name CONTAINS a", "1348"),
    ("name CONTAINS ''", "125678"),
    ("width CONTAINS 02", "8"),
    ("mimeType STARTS WITH 'image/'", "1238"),
    ("mimeType STARTS WITH IMAGE", "1238"),
    ("mimeType NOT STARTS WITH image", "4567"),
    ("mimeType STARTS WITH\n audio", "5"),
    ("mimeType NOT\n STARTS WITH audio", "1234678"),
    ("width STARTS WITH 10", "8"),
    ("name > d AND name < s", "1278"),
    ("seed '4' TO '5'", "1"),
    ("name dragon TO red", "278"),
    ("name NOT CONTAINS ''", "34"),
    ("NOT name NOT CONTAINS knight", "1"),
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
    ("prompt NOT EXISTS", "45678"),
    ("prompt IS NOT NULL", "1245678"),
    ("text IS NOT NULL", "12345678"),
    ("NOT prompt IS NOT NULL", "3"),
    ("NOT text NOT EXISTS", "57"),
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
    ("kind = image AND width >= 1024 OR kind = video AND tags STARTS WITH sc", "1248"),
    ("NOT kind = image OR NOT tags = landscape", "345678"),
    ("NOT NOT NOT kind = image", "4567"),
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
    (r'name = "line\u000abreak"', "7"),
    (r'name = "line\12break"', "7"),
    (r'name = "back\x5cslash"', "6"),
    (r"name = 'back\134slash'", "6"),
    (r'name = "it\47s \42big\42"', "8"),
    (r'tags = "\u0041ND"', "4"),
    (r'mimeType = "image\/png"', "18"),
    (r'name = "line\vbreak"', ""),
    (r'name = "line\0break"', ""),
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
    ("kind = image AND name = ENDS", ""),
    ('name = "_geoRadius"', ""),
]
UNDER_METADATA = [
    ("metadata.type = uploaded", "3"),
    ("metadata.type CONTAINS sky", "1"),
    ("metadata.type NOT EXISTS", "7"),
    ("'metadata.type' = img2video", "4"),
    ("metadata.width >= 1920", "14"),
    ("metadata.name = dragon", "2"),
    ("metadata.kind IN [video, audio]", "45"),
    ("metadata.seed EXISTS", "1258"),
    ("metadata.guidance IS NULL", ""),
]
DOCUMENTED = [
    ("width >= 1920 AND height >= 1080 AND tags = landscape", "1"),
    ("tags = landscape AND NOT tags = nsfw", "1"),
    ('createdAt >= "2024-01-01"', "2345678"),
    ('nsfw IS EMPTY AND kind = "image" AND NOT metadata.type CONTAINS "skybox"', "8"),
    ('(kind = "image" OR kind = "audio")', "12358"),
]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        *(COMPARISONS + NUMBERS + DATES + LISTS + TEXTS),
        *(PRESENCE + LOGIC + ESCAPES + KEYWORDS + UNDER_METADATA + DOCUMENTED),
    ],
)
async def test_a_filter_finds_the_assets_that_were_counted_by_hand(
    talk: Talk, filter: str, expected: str
) -> None:
    """Each operator, and each way to combine them, holds for the right assets."""
    found = await talk.ids(filter=filter)
    assert "".join(sorted(id_.removeprefix("asset_") for id_ in found)) == expected


LAST = chr(0x10FFFF)


@pytest.fixture(scope="module")
def odd() -> Library:
    """Give texts and numbers at the ends of what there is."""
    texts = ["a", f"a{LAST}", f"a{LAST}b", "b", LAST]
    numbers: list[Any] = [10**400, -(10**400), float("inf"), float("nan"), 1e308, 5]
    return Library(
        [
            *(asset(f"asset_t{place}", {"name": text}) for place, text in enumerate(texts)),
            *(asset(f"asset_n{place}", {"width": number}) for place, number in enumerate(numbers)),
        ]
    )


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("name STARTS WITH a", "t0 t1 t2"),
        (f"name STARTS WITH 'a{LAST}'", "t1 t2"),
        ("name STARTS WITH ''", "t0 t1 t2 t3 t4"),
        ("width > 4", "n4 n5"),
        ("width <= 1e308", "n4 n5"),
        ("width EXISTS", "n0 n1 n2 n3 n4 n5"),
        (f"width = {10**400}", ""),
        (f"name IN [{', '.join(map(str, range(20_000)))}, b]", "t3"),
    ],
)
def test_at_the_ends_of_texts_and_numbers(odd: Library, filter: str, expected: str) -> None:
    """Nothing is lost behind the last character, and what no float comes near is not compared."""
    request = read_search({"filter": filter}, SCHEMAS["assets"])
    page = search(odd, "assets", request, max_total_hits=100)
    assert [record["id"] for record in page.records] == [f"asset_{place}" for place in expected.split()]


def test_numbers_without_end_are_sorted_last(odd: Library) -> None:
    """As what has none."""
    request = read_search({"filter": "width EXISTS", "sortBy": ["width:desc"]}, SCHEMAS["assets"])
    page = search(odd, "assets", request, max_total_hits=100)
    assert [record["id"] for record in page.records][:2] == ["asset_n4", "asset_n5"]
