"""What the emulator and the real service have in common, in facts that hold for any data.

On the emulator by default. With SCENARIO_LIVE=1 and credentials in the environment the same facts are put to
the real service: searches only, in at most 75 requests. Searches are for public records, because an account
may have none of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import pytest
from congruence.assumptions import Assumption

from scenario_async import AssetHit, AssetSearch, F, Hit, ModelSearch, Search, SearchPage, WorkflowSearch

if TYPE_CHECKING:
    from collections.abc import Callable

    from congruence.service import Service

IMAGES: Final = F.kind == "image"
SORTED: Final[dict[str, Any]] = {"filter": IMAGES, "public": True, "sort_by": ["createdAt:desc"]}


@attrs.frozen
class Paged:
    """The same stretch of the same search, in both modes of paging."""

    by_offset: list[SearchPage[AssetHit]]
    by_page: list[SearchPage[AssetHit]]

    @property
    def hits(self) -> list[AssetHit]:
        """The hits of the offset mode, in their order."""
        return [hit for page in self.by_offset for hit in page.hits]


@pytest.fixture(scope="session")
def paged(service: Service) -> Paged:
    """Fetch two small pages in either mode."""
    return Paged(
        [service.page(AssetSearch(**SORTED, limit=5, offset=offset)) for offset in (0, 5)],
        [service.page(AssetSearch(**SORTED, hits_per_page=5, page=page)) for page in (1, 2)],
    )


@pytest.fixture(scope="session")
def assets(service: Service) -> SearchPage[AssetHit]:
    """Fetch the largest page there is."""
    return service.page(AssetSearch(filter=IMAGES, public=True, limit=100))


@pytest.fixture(scope="session")
def models(service: Service) -> SearchPage[Any]:
    """Fetch some models."""
    return service.page(ModelSearch(filter="capabilities = txt2img", public=True, limit=20))


@pytest.fixture(scope="session")
def workflows(service: Service) -> SearchPage[Any]:
    """Fetch some workflows."""
    return service.page(WorkflowSearch(query="upscale", public=True, limit=20))


# --- paging -------------------------------------------------------------------------------------------------


def test_pages_have_no_hit_in_common(paged: Paged) -> None:
    """A hit stands on one page, in either mode."""
    for pages in (paged.by_offset, paged.by_page):
        ids = [hit.id for page in pages for hit in page.hits]
        assert len(ids) == len(set(ids))


def test_both_modes_of_paging_give_the_same_hits(service: Service, paged: Paged) -> None:
    """The second page is what stands behind the first one's hits."""
    service.some(paged.hits, "images")
    for by_offset, by_page in zip(paged.by_offset, paged.by_page, strict=True):
        assert [hit.id for hit in by_offset.hits] == [hit.id for hit in by_page.hits]


def test_each_mode_of_paging_has_its_envelope(paged: Paged) -> None:
    """A reply says where it stands in the words of the mode that was asked for, and in no others."""
    for number, page in enumerate(paged.by_offset):
        assert (page.limit, page.offset) == (5, 5 * number)
        assert isinstance(page.estimated_total_hits, int)
        assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (None,) * 4
    for number, page in enumerate(paged.by_page, start=1):
        assert (page.page, page.hits_per_page) == (number, 5)
        assert isinstance(page.total_hits, int)
        assert page.total_pages == -(-page.total_hits // 5)
        assert (page.limit, page.offset, page.estimated_total_hits) == (None,) * 3


def test_a_hundred_hits_are_a_page(service: Service, assets: SearchPage[AssetHit]) -> None:
    """The documented maximum is taken, and no hit comes twice."""
    ids = [hit.id for hit in service.some(list(assets.hits), "images")]
    assert assets.limit == 100
    assert len(ids) == len(set(ids)) <= 100


@pytest.mark.parametrize("size", [{"limit": 101}, {"hits_per_page": 101}])
def test_a_hundred_and_one_are_refused(service: Service, size: dict[str, Any]) -> None:
    """One more than the maximum is a 400, and is not cut to the maximum."""
    service.refusal(AssetSearch(filter=IMAGES, public=True, **size), 400)


def test_there_is_an_end_of_what_can_be_reached(service: Service) -> None:
    """Far behind the last hit there is an empty page, and no error."""
    with service.unconfirmed(Assumption.EMPTY_BEYOND):
        assert service.page(AssetSearch(filter=IMAGES, public=True, limit=5, offset=1_000_000)).hits == []


def test_an_offset_far_beyond_is_echoed(service: Service) -> None:
    """As an engine says it, or as it was asked for."""
    with service.unconfirmed(Assumption.OFFSET_ECHO):
        page = service.page(AssetSearch(filter=IMAGES, public=True, limit=5, offset=2_000_000))
        assert page.offset in {1000, 2_000_000}


def test_one_mode_of_paging_wins(service: Service) -> None:
    """Where both are sent, the reply is that of a page."""
    with service.unconfirmed(Assumption.ONE_MODE):
        body = {"filter": str(IMAGES), "public": True, "limit": 5, "offset": 0, "page": 1, "hitsPerPage": 3}
        reply = service.face.request("POST", "/search/assets", json=body).json()
        assert (reply["page"], reply["hitsPerPage"]) == (1, 3)
        assert "estimatedTotalHits" not in reply


# --- what must be given, and how ----------------------------------------------------------------------------


@pytest.mark.parametrize("search", [AssetSearch, ModelSearch, WorkflowSearch])
def test_a_search_for_nothing_is_refused(service: Service, search: Callable[..., Search[Any]]) -> None:
    """Without a query, a filter or a picture there is no search."""
    service.refusal(search(extra_body={"public": True}), 400)


def test_both_ways_to_give_pictures_exclude_each_other(
    service: Service, assets: SearchPage[AssetHit]
) -> None:
    """`image` and `images` in one search are refused."""
    seed = service.some(list(assets.hits), "images")[0].id
    service.refusal(AssetSearch(image=seed, extra_body={"images": {"like": [seed]}}), 400)


@pytest.mark.parametrize(
    ("name", "assumption"),
    [("querySemanticRatio", Assumption.QUERY_RATIO), ("imageSemanticRatio", Assumption.IMAGE_RATIO)],
)
def test_a_ratio_beyond_one_is_refused(service: Service, name: str, assumption: Assumption) -> None:
    """Both ratios end at 1."""
    with service.unconfirmed(assumption):
        service.refusal(AssetSearch(query="castle", public=True, extra_body={name: 1.5}), 400)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_ends_of_a_ratio_are_taken(service: Service, ratio: float) -> None:
    """Words alone, and meanings alone, are both searches."""
    page = service.page(AssetSearch(query="castle", public=True, limit=5, query_semantic_ratio=ratio))
    assert len(page.hits) <= 5


def test_unknown_keys_are_ignored(service: Service) -> None:
    """A newer client may send what an older service does not know."""
    with service.unconfirmed(Assumption.UNKNOWN_KEYS):
        service.page(AssetSearch(filter=IMAGES, public=True, limit=1, extra_body={"nobodyKnowsThis": 1}))


def test_a_wrong_key_is_let_in_nowhere(service: Service) -> None:
    """Without a key that the service knows there is no search."""
    stranger = attrs.evolve(service, face=service.face.derived(api_key="wrong", api_secret="wrong"))
    stranger.refusal(AssetSearch(filter=IMAGES), 401, 403)


# --- filters ------------------------------------------------------------------------------------------------


def tags(hit: Any) -> set[str]:
    """Give a hit's tags without regard to case."""
    return {tag.lower() for tag in hit.tags}


DOCUMENTED: Final[list[tuple[Callable[..., Search[Any]], str, Callable[[Any], bool]]]] = [
    (
        AssetSearch,
        "width >= 1920 AND height >= 1080 AND tags = landscape",
        lambda hit: hit.metadata.width >= 1920 and hit.metadata.height >= 1080 and "landscape" in tags(hit),
    ),
    (
        AssetSearch,
        "tags = landscape AND NOT tags = nsfw",
        lambda hit: "landscape" in tags(hit) and "nsfw" not in tags(hit),
    ),
    (
        ModelSearch,
        "capabilities = txt2img AND capabilities = img2img",
        lambda hit: {"txt2img", "img2img"} <= set(hit.capabilities),
    ),
    (
        ModelSearch,
        "source = training AND trainingImagesNumber >= 20",
        lambda hit: hit.source == "training" and hit.training_images_number >= 20,
    ),
    (AssetSearch, 'createdAt >= "2024-01-01"', lambda hit: hit.created_at >= "2024-01-01"),
    (
        AssetSearch,
        'nsfw IS EMPTY AND kind = "image" AND NOT metadata.type CONTAINS "skybox"',
        lambda hit: (
            hit.nsfw == [] and hit.metadata.kind == "image" and "skybox" not in (hit.metadata.type or "")
        ),
    ),
    (
        AssetSearch,
        '(kind = "image" OR kind = "audio")',
        lambda hit: hit.metadata.kind in {"image", "audio"},
    ),
]
UNDOCUMENTED: Final[list[tuple[Assumption, str, Callable[[Any], bool]]]] = [
    (Assumption.CONTAINS, "name CONTAINS a", lambda hit: "a" in (hit.metadata.name or "").lower()),
    (
        Assumption.STARTS_WITH,
        'mimeType STARTS WITH "image/"',
        lambda hit: hit.mime_type.startswith("image/"),
    ),
    (Assumption.IN, "kind IN [video, audio]", lambda hit: hit.metadata.kind in {"video", "audio"}),
    (
        Assumption.NOT_IN,
        "kind NOT IN [image, video]",
        lambda hit: hit.metadata.kind not in {"image", "video"},
    ),
    (Assumption.TO, "width 512 TO 1024", lambda hit: 512 <= hit.metadata.width <= 1024),
    (Assumption.EXISTS, "negativePrompt EXISTS", lambda hit: hit.metadata.negative_prompt is not None),
    (
        Assumption.IS_NOT_NULL,
        "prompt IS NOT NULL AND NOT kind = image",
        lambda hit: hit.metadata.kind != "image",
    ),
    (Assumption.METADATA_NAMES, "metadata.kind = image", lambda hit: hit.metadata.kind == "image"),
    (
        Assumption.LONG_FILTER,
        " OR ".join(f"width = {width}" for width in range(600, 1600)),
        lambda hit: 600 <= hit.metadata.width < 1600,
    ),
    (
        Assumption.DEEP_FILTER,
        "(" * 36 + "kind = image" + ")" * 36,
        lambda hit: hit.metadata.kind == "image",
    ),
    (Assumption.NO_BREAK_SPACE, "kind =\u00a0image", lambda hit: hit.metadata.kind == "image"),
    (Assumption.CASE, "kind = IMAGE", lambda hit: hit.metadata.kind == "image"),
    (Assumption.BLANKS, "kind = ' image '", lambda hit: hit.metadata.kind == "image"),
    (
        Assumption.DENIED,
        "negativePrompt != x AND negativePrompt NOT EXISTS",
        lambda hit: hit.metadata.negative_prompt is None,
    ),
    (Assumption.NO_EMPTY_FACET, "kind != '' AND NOT kind = ''", lambda _: True),
]
REFUSED: Final = [
    (Assumption.TOO_DEEP_FILTER, "(" * 37 + "kind = image" + ")" * 37),
    (Assumption.TWO_BLANKS, "mimeType STARTS  WITH image"),
    (Assumption.NO_BREAK_SPACE_BEHIND, "kind\u00a0= image"),
]


@pytest.mark.parametrize(("search", "filter", "holds"), DOCUMENTED, ids=[text for _, text, _ in DOCUMENTED])
def test_a_documented_filter_holds_for_its_hits(
    service: Service, search: Callable[..., Search[Any]], filter: str, holds: Callable[[Any], bool]
) -> None:
    """Each example of the documentation is taken, and every hit is what it asks for."""
    hits = service.page(search(filter=filter, public=True, limit=50)).hits
    assert hits or service.live
    assert [hit.id for hit in hits if not holds(hit)] == []


@pytest.mark.parametrize(
    ("assumption", "filter", "holds"), UNDOCUMENTED, ids=[each.name for each, _, _ in UNDOCUMENTED]
)
def test_an_operator_of_the_engine_holds_for_its_hits(
    service: Service, assumption: Assumption, filter: str, holds: Callable[[Any], bool]
) -> None:
    """What only the engine behind the service documents is taken as well."""
    with service.unconfirmed(assumption):
        hits = service.page(AssetSearch(filter=filter, public=True, limit=50)).hits
        assert hits or service.live
        assert [hit.id for hit in hits if not holds(hit)] == []


@pytest.mark.parametrize(("assumption", "filter"), REFUSED, ids=[each.name for each, _ in REFUSED])
def test_what_the_engine_refuses_is_refused(service: Service, assumption: Assumption, filter: str) -> None:
    """With a 400, as any fault of syntax."""
    with service.unconfirmed(assumption):
        service.refusal(AssetSearch(filter=filter, public=True), 400)


def test_workflows_can_be_filtered_by_what_their_hits_show(service: Service) -> None:
    """No page of the documentation lists these attributes."""
    names = ("status", "tags", "authorId", "collectionIds", "name", "createdAt", "updatedAt", "privacy")
    with service.unconfirmed(Assumption.WORKFLOWS):
        text = " OR ".join(f"{name} EXISTS" for name in names)
        assert service.page(WorkflowSearch(filter=text, public=True, limit=1)).hits or service.live


@pytest.mark.parametrize(
    "search",
    [
        AssetSearch(filter="colour = red", public=True),
        ModelSearch(filter="colour = red", public=True),
        WorkflowSearch(filter="colour = red", public=True),
        AssetSearch(filter="kind = ", public=True),
        AssetSearch(filter="(kind = image", public=True),
    ],
    ids=str,
)
def test_a_faulty_filter_is_refused(service: Service, search: Search[Any]) -> None:
    """An unknown attribute and a fault of syntax are 400s that say something."""
    assert service.refusal(search, 400).message


def test_one_operator_breaks_the_service(service: Service) -> None:
    """As seen live in August 2026, ENDS WITH is a 500, and no 400."""
    with service.unconfirmed(Assumption.ENDS_WITH):
        service.refusal(AssetSearch(filter="name ENDS WITH t", public=True), 500)


# --- sorting ------------------------------------------------------------------------------------------------


def test_the_newest_hits_come_first(service: Service, paged: Paged) -> None:
    """`createdAt:desc` holds within the pages and across them."""
    moments = [hit.created for hit in service.some(paged.hits, "images")]
    assert moments == sorted(moments, reverse=True)


def test_the_oldest_hits_come_first(service: Service) -> None:
    """`createdAt:asc` is the other order."""
    page = service.page(AssetSearch(filter=IMAGES, public=True, limit=20, sort_by=["createdAt:asc"]))
    moments = [hit.created for hit in service.some(list(page.hits), "images")]
    assert moments == sorted(moments)


def test_assets_cannot_be_sorted_by_score(service: Service) -> None:
    """As seen live in August 2026, the refusal has these words, although the documentation lists `score`."""
    error = service.refusal(AssetSearch(filter=IMAGES, public=True, sort_by=["score:desc"]), 400)
    with service.unconfirmed(Assumption.SORT_FIELD):
        assert "Invalid sort field" in error.message


def test_models_can_be_sorted_by_score(service: Service) -> None:
    """As their list is."""
    with service.unconfirmed(Assumption.SCORE_OF_MODELS):
        service.page(ModelSearch(filter="type = custom", public=True, limit=1, sort_by=["score:desc"]))


# --- hits ---------------------------------------------------------------------------------------------------


def test_public_searches_give_public_records(
    service: Service, assets: SearchPage[Any], models: SearchPage[Any], workflows: SearchPage[Any]
) -> None:
    """With `public` every hit of every index says that it is public."""
    for page in (assets, models, workflows):
        with service.unconfirmed(Assumption.PUBLIC):
            assert {hit.privacy for hit in page.hits} <= {"public"}


def required_fields(hit: Hit) -> list[str]:
    """Name what a hit of this kind cannot be made without."""
    return [field.name for field in attrs.fields(type(hit)) if field.default is attrs.NOTHING]


def test_every_hit_has_what_its_kind_must_have(
    service: Service, assets: SearchPage[Any], models: SearchPage[Any], workflows: SearchPage[Any]
) -> None:
    """Required fields are there, ids tell their kind, and timestamps are moments."""
    hits = [*assets.hits, *models.hits, *workflows.hits]
    for hit in service.some(hits, "hits"):
        assert [name for name in required_fields(hit) if getattr(hit, name) is None] == []
        assert hit.created.tzinfo is not None
        assert hit.updated >= hit.created
    with service.unconfirmed(Assumption.IDS):
        assert {hit.id.partition("_")[0] for hit in assets.hits} <= {"asset"}
        assert {hit.id.partition("_")[0] for hit in models.hits} <= {"model"}
        assert {hit.id.partition("_")[0] for hit in workflows.hits} <= {"workflow"}


def test_every_index_has_its_hits(
    models: SearchPage[Any], workflows: SearchPage[Any], service: Service
) -> None:
    """There are models that make pictures, and workflows that make them larger."""
    assert all("txt2img" in hit.capabilities for hit in service.some(list(models.hits), "models"))
    assert service.some(list(workflows.hits), "workflows")


def test_a_hit_gives_back_what_the_service_sent(service: Service, assets: SearchPage[AssetHit]) -> None:
    """`to_dict` is the JSON of the reply without its nulls; addresses may be signed anew."""
    body = {"filter": str(IMAGES), "public": True, "limit": 100, "offset": 0}
    sent = {
        hit["id"]: hit for hit in service.face.request("POST", "/search/assets", json=body).json()["hits"]
    }
    common = [hit for hit in service.some(list(assets.hits), "images") if hit.id in sent]
    assert common
    assert [plain(hit.to_dict()) for hit in common] == [plain(sent[hit.id]) for hit in common]


def plain(value: Any) -> Any:
    """Leave out nulls and addresses."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {key: plain(each) for key, each in pairs if each is not None and key != "url"}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[object]", value)]
    return value


def test_original_assets_have_other_addresses(service: Service, assets: SearchPage[AssetHit]) -> None:
    """With `originalAssets` the same hits come with the addresses of the untransformed pictures."""
    service.some(list(assets.hits), "images")
    page = service.page(AssetSearch(filter=IMAGES, public=True, limit=5, original_assets=True))
    with service.unconfirmed(Assumption.ORIGINALS):
        assert [hit.url for hit in page.hits if "/assets/" not in hit.url] == []
        assert any("/assets-transform/" in hit.url for hit in assets.hits)


# --- words and pictures -------------------------------------------------------------------------------------


def test_an_asset_is_found_by_its_name(service: Service, assets: SearchPage[AssetHit]) -> None:
    """A query of a whole name finds something of that name, and every word of it in the first hit."""
    names = [hit.metadata.name for hit in assets.hits if len((hit.metadata.name or "").split()) > 1]
    name = service.some(names, "images with a name of several words")[0]
    with service.unconfirmed(Assumption.WHOLE_NAME):
        hits = service.page(AssetSearch(query=name, public=True, limit=20)).hits
        assert name.lower() in {(hit.metadata.name or "").lower() for hit in hits}
        told = str(hits[0].to_dict()).lower()
        assert [word for word in name.lower().split() if word not in told] == []


@pytest.mark.parametrize("assumption", [Assumption.IMAGE, Assumption.IMAGES], ids=["image", "images"])
def test_an_asset_leads_to_pictures_like_it(
    service: Service, assets: SearchPage[AssetHit], assumption: Assumption
) -> None:
    """An asset's id is a picture to search by; the asset itself may be among the hits."""
    seed = service.some(list(assets.hits), "images")[0].id
    picture: dict[str, Any] = (
        {"image": seed} if assumption is Assumption.IMAGE else {"images": {"like": [seed]}}
    )
    with service.unconfirmed(assumption):
        hits = service.page(AssetSearch(**picture, filter=IMAGES, public=True, limit=10)).hits
        assert len({hit.id for hit in hits} | {seed}) > 1
        assert {hit.metadata.kind for hit in hits} == {"image"}


def test_an_id_of_nothing_is_no_picture(service: Service) -> None:
    """It is refused as what cannot be found."""
    with service.unconfirmed(Assumption.UNKNOWN_IMAGE):
        service.refusal(AssetSearch(image="asset_0000000000000000000000", public=True), 404)
