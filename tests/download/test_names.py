"""Names of files: whatever a hit says, they are safe, and no two hits share one."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scenario_async._downloads.formats import EXTENSIONS
from scenario_async._downloads.names import FIELDS, Claims, Template, another, folded, named

ANYTHING = (
    st.text()
    | st.text(st.characters())
    | st.sampled_from(
        [
            "",
            ".",
            "..",
            "../../x",
            "CON",
            "con.txt",
            "lpt¹",
            "a\0b",
            "x" * 300,
            "é" * 300,
            "👨‍👩‍👧‍👦" * 60,
            "-rf",
            "~",
            "a.png.PNG",
        ]
    )
)
TEMPLATES = st.lists(
    st.sampled_from([f"{{{field}}}" for field in FIELDS] + ["-", " ", ".", "a", "{{", "}}"]), min_size=1
).map("".join)
RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


def values(id_: str, name: str, kind: str = "image") -> dict[str, Any]:
    """Give what a template's fields stand for."""
    return {"id": id_, "name": name, "index": 7, "kind": kind, "created": "2024-05-01"}


@example("{id}{ext}{ext}{ext}{ext}", "0" * 201, "", "", "jsonl")
@example("{ext}" * 60, "", "", "", "jsonl")
@given(TEMPLATES, ANYTHING, ANYTHING, ANYTHING, st.sampled_from(EXTENSIONS))
def test_every_name_is_safe(template: str, id_: str, name: str, kind: str, extension: str) -> None:
    """It stays in its folder, fits, can be seen, and is no device, on any system."""
    stem = Template.read(template).stem(values(id_, name, kind))
    for each in (stem, Claims().claim(stem, id_), another(stem, id_)):
        made = named(each, extension)
        assert made == unicodedata.normalize("NFC", made) or unicodedata.is_normalized("NFC", made[:-60])
        assert len(f"{made}.json".encode()) <= 255
        assert not set(made) & set('/\\:*?"<>|\0')
        assert all(character.isprintable() or character in "\u200c\u200d" for character in made), ascii(made)
        assert not made.startswith((".", "-", " ", "~"))
        assert not made.endswith((".", " "))
        assert made.endswith(f".{extension}")
        assert made.partition(".")[0].strip().lower() not in RESERVED
        assert made != "manifest.jsonl"


@given(st.lists(ANYTHING, min_size=2, max_size=20))
def test_no_two_owners_share_a_name(names: list[str]) -> None:
    """Nor names that differ in case or Unicode form alone."""
    template, claims = Template.read("{name}"), Claims()
    stems = [claims.claim(template.stem(values(str(place), name)), place) for place, name in enumerate(names)]
    assert len({folded(stem) for stem in stems}) == len(names)


@given(ANYTHING)
def test_an_owner_keeps_its_name(name: str) -> None:
    """Asked for again, it is the same."""
    claims = Claims()
    stem = Template.read("{name}").stem(values("a", name))
    assert claims.claim(stem, "a") == claims.claim(stem, "a")
    other = claims.claim(stem, "b")
    assert other != claims.claim(stem, "a")
    assert other == claims.claim(stem, "b")


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [
        ("{name}", "The knight", "The knight"),
        ("{name}", "knight.png", "knight"),
        ("{name}", "knight.PNG.jpeg", "knight"),
        ("{name}", "v1.2", "v1.2"),
        ("{name}", "../../etc/passwd", "_.._etc_passwd"),
        ("{name}", "con", "_con"),
        ("{name}", "Con.backup", "_Con.backup"),
        ("{name}", "console", "console"),
        ("{name}", "a\tb\nc", "a b c"),
        ("{name}", "Cafe\u0301", "Caf\u00e9"),
        ("{name}", "👩‍🚀 in space", "👩‍🚀 in space"),
        ("{name}", "gnp\u202eexe", "gnpexe"),
        ("{name}", "", "_"),
        ("{name}", "...", "_"),
        ("{index:05}_{id}", "x", "00007_asset_1"),
        ("{index}", "x", "7"),
        ("{{{id}}}", "x", "{asset_1}"),
        ("{id}.{ext}", "x", "asset_1"),
        ("{created} {kind}", "x", "2024-05-01 image"),
    ],
)
def test_names_as_people_expect_them(template: str, name: str, expected: str) -> None:
    """What can stay as it is stays."""
    assert Template.read(template).stem(values("asset_1", name)) == expected


def test_the_longest_value_is_cut() -> None:
    """An id behind a long name stays whole, and no character is cut in half."""
    stem = Template.read("{name} {id}").stem(values("asset_1", "é" * 300))
    assert stem.endswith("é asset_1")
    assert len(stem.encode()) in (214, 215)
    family = "👨‍👩‍👧‍👦"
    stem = Template.read("{name}").stem(values("asset_1", family * 40))
    assert set(stem.split(family)) <= {"", "👨‍👩‍👧", "👨‍👩", "👨"}
    assert len(Template.read("x" * 400).stem(values("a", "b")).encode()) <= 215


def test_an_extension_within_a_name() -> None:
    """It is filled in when it is known."""
    stem = Template.read("{ext}_{id}").stem(values("a", "b"))
    assert named(stem, "png") == "png_a.png"
