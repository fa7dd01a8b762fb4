"""The sample library, and libraries of the user's own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from emulator.records import asset, model, workflow
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from scenario_async.emulator.attributes import Kind

KINDS: tuple[Kind, ...] = ("assets", "models", "workflows")
NUMBER = (int, float)
PICTURE = {"assetId": str, "url": str}
SHARED: dict[str, Any] = {
    "id": str,
    "authorId": str,
    "collectionIds": [str],
    "createdAt": str,
    "ownerId": str,
    "privacy": str,
    "tags": [str],
    "teamId": str,
    "updatedAt": str,
}
METADATA: dict[str, Any] = {
    "aspectRatio": str,
    "baseModelId": str,
    "guidance": NUMBER,
    "height": NUMBER,
    "kind": str,
    "modelId": str,
    "modelType": str,
    "name": str,
    "negativePrompt": str,
    "size": NUMBER,
    "text": str,
    "negativePromptStrength": NUMBER,
    "numInferenceSteps": NUMBER,
    "parentJobId": str,
    "prompt": str,
    "scheduler": str,
    "seed": str,
    "thumbnail": {"assetId": str},
    "type": str,
    "width": NUMBER,
}
REQUIRED: dict[Kind, dict[str, Any]] = {
    "assets": SHARED | {"metadata": dict, "mimeType": str, "nsfw": [str], "url": str},
    "models": SHARED
    | {"capabilities": [str], "concepts": [{"modelId": str}], "exampleAssetIds": [str], "name": str}
    | {"shortDescription": str, "source": str, "trainingImagesNumber": NUMBER, "type": str},
    "workflows": SHARED | {"description": str, "name": str, "status": str},
}
OPTIONAL: dict[Kind, dict[str, Any]] = {
    "assets": {"content": str, "description": str, "score": NUMBER, "thumbnail": PICTURE}
    | {"transcription": str},
    "models": {"parentModelId": str, "score": NUMBER, "thumbnail": PICTURE},
    "workflows": {"after": PICTURE, "before": PICTURE, "thumbnail": PICTURE, "score": NUMBER}
    | {"shortDescription": str},
}


def fits(value: Any, shape: Any) -> bool:
    """Tell whether a JSON value has a shape: a type, a list of one, or a mapping of them."""
    if isinstance(shape, list):
        (inner,) = cast("list[object]", shape)
        return isinstance(value, list) and all(fits(item, inner) for item in cast("list[object]", value))
    if isinstance(shape, dict):
        fields, shapes = cast("dict[str, Any]", value), cast("dict[str, Any]", shape)
        return set(fields) == set(shapes) and all(fits(fields[name], shapes[name]) for name in shapes)
    return isinstance(value, shape) and not isinstance(value, bool)


async def everything(talk: Talk, kind: str, **body: Any) -> list[dict[str, Any]]:
    """Give every hit of a scope."""
    hits: list[dict[str, Any]] = []
    while page := (await talk.search(kind, query="", limit=100, offset=len(hits), **body))["hits"]:
        hits += page
    return hits


class TestSample:
    """The library that comes with the emulator."""

    @pytest.mark.parametrize(
        ("kind", "own", "public"), [("assets", 300, 100), ("models", 60, 20), ("workflows", 20, 6)]
    )
    async def test_there_is_enough_of_everything(self, talk: Talk, kind: str, own: int, public: int) -> None:
        """Own records and others' public ones, each once."""
        mine = [hit["id"] for hit in await everything(talk, kind)]
        theirs = [hit["id"] for hit in await everything(talk, kind, public=True)]
        assert len(mine) == len(set(mine)) >= own
        assert len(set(theirs) - set(mine)) >= public

    @pytest.mark.parametrize("public", [False, True])
    @pytest.mark.parametrize("kind", KINDS)
    async def test_every_field_has_its_type(self, talk: Talk, kind: Kind, public: bool) -> None:  # noqa: FBT001
        """Required fields are there, optional ones sometimes, and no hit has any other."""
        seen: set[str] = set()
        missed: set[str] = set()
        for hit in await everything(talk, kind, public=public):
            assert set(hit) >= set(REQUIRED[kind])
            shapes = REQUIRED[kind] | OPTIONAL[kind]
            assert {name for name, value in hit.items() if not fits(value, shapes.get(name, ()))} == set()
            assert datetime.fromisoformat(hit["createdAt"]) <= datetime.fromisoformat(hit["updatedAt"])
            assert hit["privacy"] in {"private", "public", "unlisted"}
            seen |= set(hit)
            missed |= set(OPTIONAL[kind]) - set(hit)
        assert seen == set(REQUIRED[kind]) | set(OPTIONAL[kind])
        assert missed == set(OPTIONAL[kind])

    async def test_every_metadata_field_has_its_type(self, talk: Talk) -> None:
        """All are optional; each is there somewhere and, but for what every asset has, missing somewhere."""
        seen: set[str] = set()
        missed: set[str] = set()
        kinds: set[str] = set()
        for hit in await everything(talk, "assets"):
            metadata = hit["metadata"]
            assert {key for key, value in metadata.items() if not fits(value, METADATA.get(key, ()))} == set()
            seen |= set(metadata)
            missed |= set(METADATA) - set(metadata)
            kinds.add(metadata["kind"])
        assert seen == set(METADATA)
        assert missed == set(METADATA) - {"kind", "size", "type"}
        assert kinds == {"3d", "audio", "document", "image", "image-hdr", "json", "text", "video"}

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("query", ["knight", "castle", "dragon"])
    @pytest.mark.parametrize("public", [False, True])
    async def test_the_popular_subjects_are_everywhere(
        self,
        talk: Talk,
        kind: str,
        query: str,
        public: bool,  # noqa: FBT001
    ) -> None:
        """A first search finds something in every index and scope."""
        assert await talk.ids(kind, query=query, public=public)

    @pytest.mark.parametrize(
        ("kind", "filter"),
        [
            ("assets", "width >= 1024 AND height >= 576 AND tags = landscape"),
            ("assets", "nsfw IS NOT EMPTY"),
            ("assets", "collectionIds IS NOT EMPTY AND privacy = unlisted"),
            ("assets", 'mimeType = "image/webp"'),
            ("models", "capabilities = txt2img AND capabilities = img2img"),
            ("models", "source = training AND trainingImagesNumber >= 20"),
            ("models", "complianceMetadata.subProcessor EXISTS"),
            ("workflows", "status = ready"),
            ("workflows", "status != ready"),
        ],
    )
    async def test_the_usual_filters_find_something(self, talk: Talk, kind: str, filter: str) -> None:
        """Fields vary enough for filters to make a difference."""
        found = await talk.search(kind, filter=filter)
        everything_ = await talk.search(kind, query="")
        assert 0 < found["estimatedTotalHits"] < everything_["estimatedTotalHits"] + (kind == "models")

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_seed_makes_one_library(self, kind: Kind) -> None:
        """Equal seeds make equal records, other seeds others."""
        assert (
            Library.sample().records(kind)
            == Library.sample(0).records(kind)
            == Emulator().library.records(kind)
        )
        assert Emulator(seed=5).library.records(kind) == Library.sample(5).records(kind)
        ids = [{record["id"] for record in Library.sample(seed).records(kind)} for seed in (0, 1)]
        assert not ids[0] & ids[1]

    def test_a_sample_is_the_users_own(self) -> None:
        """Changing one leaves the next as it was."""
        first = Library.sample()
        first.table("assets")
        first.add(asset("asset_new"))
        assert Library.sample().get("asset_new") is None
        assert first.get("asset_new") == asset("asset_new")


class TestOwnLibrary:
    """Records that a user brings."""

    async def test_records_come_back_as_they_were_given(self, session: ClientSession) -> None:
        """Fields that nobody knows included; only what the service never shows is left out."""
        given = {
            "assets": asset(
                "asset_1", {"kind": "image", "zoom": 5}, url="https://a.example/x", flavour=[1, None]
            ),
            "models": model("model_1", flavour={"a": "b"}),
            "workflows": workflow("workflow_1", flavour="sour", thumbnail={"assetId": "asset_1"}),
        }
        library = Library(
            [given["assets"]], [given["models"] | {"complianceMetadata": {}}], [given["workflows"]]
        )
        assert library.project_id == "proj_1"
        async with Emulator(library) as emulator:
            for kind, record in given.items():
                assert (await Talk(session, emulator.base_url).search(kind, query=""))["hits"] == [record]

    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_record_of_an_id_alone_is_one(self, session: ClientSession, kind: str) -> None:
        """Nothing but the id is needed, and no search stumbles over what is missing."""
        library = Library()
        library.add({"id": "x_1"}, kind=kind)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert library.project_id == "proj_emulator"
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            assert await talk.ids(kind, query="", sortBy=["createdAt:asc"]) == ["x_1"]
            assert await talk.ids(kind, query="word") == []
            assert await talk.ids(kind, filter="privacy NOT EXISTS AND NOT tags = x") == ["x_1"]

    @pytest.mark.parametrize("kind", KINDS)
    async def test_changes_are_seen_by_a_running_emulator(self, session: ClientSession, kind: Kind) -> None:
        """What is added, replaced and removed is so for the next search."""
        library = Library(project_id="proj_1")
        make = {"assets": asset, "models": model, "workflows": workflow}[kind]
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            assert await talk.ids(kind, query="") == []
            library.add(make("x_1", tags=["old"]), make("x_2", tags=["old"]), kind=kind)
            assert await talk.ids(kind, query="old") == ["x_1", "x_2"]
            library.replace(make("x_2", tags=["new"]), kind=kind)
            assert await talk.ids(kind, query="old") == ["x_1"]
            assert await talk.ids(kind, query="new") == ["x_2"]
            library.remove("x_1", kind=kind)
            assert await talk.ids(kind, query="") == ["x_2"]
            assert library.records(kind) == (make("x_2", tags=["new"]),)

    async def test_changed_pictures_are_seen(self, session: ClientSession) -> None:
        """A picture follows its record."""
        library = Library([asset("asset_1", tags=["knight"])])
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            before = (await talk.picture("/assets/asset_1")).content
            assert await talk.ids(image="asset_1") == ["asset_1"]
            library.replace(asset("asset_1", tags=["dragon"]))
            assert (await talk.picture("/assets/asset_1")).content != before
            library.remove("asset_1")
            assert (await talk.picture("/assets/asset_1")).status == 404
            assert "asset_1" in await talk.refusal(image="asset_1", status=404)

    async def test_a_change_during_a_search_is_seen_by_the_next(self, session: ClientSession) -> None:
        """A search that reads the library while it changes leaves nothing stale behind."""
        library = Library([asset("asset_1")])

        class Meddling(dict[str, Any]):
            meddled = False

            def get(self, key: str, default: Any = None) -> Any:
                if key == "ownerId" and not Meddling.meddled:
                    Meddling.meddled = True
                    library.add(asset("asset_3"))
                return super().get(key, default)

        library.add(Meddling(asset("asset_2")))
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            await talk.ids(query="")
            assert await talk.ids(query="") == ["asset_1", "asset_2", "asset_3"]

    async def test_a_change_while_pictures_are_looked_up_is_seen_by_the_next(
        self, session: ClientSession
    ) -> None:
        """Nor does the search for a picture leave anything stale behind."""
        library = Library([asset("asset_1")])

        class Meddling(dict[str, Any]):
            meddled = False

            def get(self, key: str, default: Any = None) -> Any:
                if key == "thumbnail" and not Meddling.meddled:
                    Meddling.meddled = True
                    library.add(asset("asset_3"))
                return super().get(key, default)

        library.add(Meddling(asset("asset_2")))
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            assert (await talk.picture("/assets/asset_nobody")).status == 404
            assert Meddling.meddled
            assert (await talk.picture("/assets/asset_3")).status == 200

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_id_is_taken_once(self, kind: Kind) -> None:
        """A second record of an id is refused, and nothing that came with it is kept."""
        library = Library()
        library.add({"id": "x_1", "tags": ["first"]}, kind=kind)
        for records in ([{"id": "x_2"}, {"id": "x_1"}], [{"id": "x_3"}, {"id": "x_3"}]):
            with pytest.raises(ValueError, match=f"{records[1]['id']} is in {kind} already"):
                library.add(*records, kind=kind)
        assert library.records(kind) == ({"id": "x_1", "tags": ["first"]},)

    def test_duplicates_are_refused_at_the_start(self) -> None:
        """As they are later."""
        with pytest.raises(ValueError, match="asset_1 is in assets already"):
            Library([asset("asset_1"), asset("asset_1")])

    def test_an_id_may_be_that_of_another_kind(self) -> None:
        """Each index has its own."""
        library = Library([asset("x")], [model("x")], [workflow("x")])
        assert [library.get("x", kind)["id"] for kind in KINDS] == ["x"] * 3  # type: ignore[index]  # pyright: ignore[reportOptionalSubscript]

    @pytest.mark.parametrize("record", [{}, {"id": None}, {"id": 5}])
    def test_a_record_has_an_id(self, record: dict[str, Any]) -> None:
        """One without is refused, and shown."""
        with pytest.raises(ValueError, match="a record of assets has no id") as caught:
            Library([record])
        assert repr(record) in str(caught.value)

    @pytest.mark.parametrize("kind", KINDS)
    def test_only_what_is_there_can_be_changed(self, kind: Kind) -> None:
        """An unknown id is a `KeyError` that names it, and nothing that came with it is done."""
        library = Library()
        library.add({"id": "x_1"}, kind=kind)
        with pytest.raises(KeyError, match="x_2"):
            library.replace({"id": "x_1", "new": True}, {"id": "x_2"}, kind=kind)
        with pytest.raises(KeyError, match="x_2"):
            library.remove("x_1", "x_2", kind=kind)
        assert library.records(kind) == ({"id": "x_1"},)

    async def test_a_refused_change_is_not_half_seen(self, session: ClientSession) -> None:
        """After it, a search and the library still agree."""
        library = Library([asset("asset_1")])
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            await talk.ids(query="")
            with pytest.raises(ValueError, match="asset_1"):
                library.add(asset("asset_2"), asset("asset_1"))
            assert await talk.ids(query="") == [record["id"] for record in library.records("assets")]

    def test_a_copy_is_changed_on_its_own(self) -> None:
        """Either of the two may change without the other."""
        library = Library([asset("asset_1")], project_id="proj_5")
        copy = library.copy()
        assert (copy.project_id, copy.records("assets")) == ("proj_5", library.records("assets"))
        copy.add(asset("asset_2"))
        library.remove("asset_1")
        assert [record["id"] for record in copy.records("assets")] == ["asset_1", "asset_2"]
        assert library.records("assets") == ()

    def test_the_project_is_that_of_the_first_record(self) -> None:
        """Unless it is given."""
        records = [{"id": "asset_1"}, asset("asset_2", ownerId="proj_b"), asset("asset_3", ownerId="proj_c")]
        assert Library(records).project_id == "proj_b"
        assert Library(records, project_id="proj_c").project_id == "proj_c"
        assert Library(workflows=[workflow("workflow_1", ownerId="proj_w")]).project_id == "proj_w"
