"""Names that are almost right: of keywords, attributes, variables and imports."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import scenario_sdk
from support.hits import asset, model, workflow

import scenario_async
from scenario_async import (
    AssetHit,
    AsyncScenario,
    ConfigurationError,
    F,
    Filter,
    InvalidSearchError,
    ModelHit,
    Scenario,
    WorkflowHit,
)
from scenario_async._support import moved
from scenario_async.models import Hit, Record, wire_name
from scenario_async.testing import make_page

if TYPE_CHECKING:
    from collections.abc import Callable

ANY: Any = F
KEYS: Any = {"api_key": "k3y-of-the-test", "api_secret": "s3cr3t-of-the-test"}
CLIENTS: Any = [Scenario, AsyncScenario]
HITS = [AssetHit.from_dict(asset("a")), ModelHit.from_dict(model("m")), WorkflowHit.from_dict(workflow("w"))]


def said(make: Callable[[], object], kind: type[Exception]) -> str:
    """Give what an error says."""
    with pytest.raises(kind) as caught:
        make()
    return str(caught.value)


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("call", "keyword", "told"),
    [
        (
            "asset_search",
            "querry",
            "asset_search() got an unexpected keyword argument 'querry': did you mean query?",
        ),
        ("asset_search", "sort", "did you mean sort_by?"),
        ("asset_search", "default_timeout", "did you mean timeout?"),
        ("asset_search", "original_models", "only model_search takes it"),
        (
            "asset_search",
            "max_concurrency",
            "it belongs to the client: client.with_options(max_concurrency=...)",
        ),
        ("workflow_search", "image", "only asset_search and model_search take it"),
        ("workflow_search", "images", "only asset_search and model_search take it"),
        ("workflow_search", "zzz", "there are query, filter, "),
        ("fan_out", "max_concurrency", "it belongs to the client"),
        ("fan_out", "concurency", "did you mean concurrency?"),
        ("fan_out", "query", "it belongs to a search: AssetSearch(query=...)"),
        ("export", "over_write", "did you mean overwrite?"),
        ("scan", "order_by", "did you mean by?"),
        ("estimate", "zzz", "there are searches"),
    ],
)
def test_keywords_of_searches(cls: Any, call: str, keyword: str, told: str) -> None:
    """A hint only where something is near; what belongs elsewhere is said to; the method is named as it was called."""
    method = getattr(cls(**KEYS).search, call)
    text = said(lambda: method(**{keyword: "s3cr3t"}), TypeError)
    assert text.startswith(f"{call}() got an unexpected keyword argument '{keyword}': ")
    assert told in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        *((name, hint) for name, hint in moved.OF_REQUESTS.items()),
        ("header", "did you mean headers?"),
        ("max_retries", "client.with_options(max_retries=...)"),
        ("rate_limit", "client.with_options(rate_limit=...)"),
    ],
)
def test_keywords_of_requests(cls: Any, keyword: str, told: str) -> None:
    """Those of httpx and of the official SDK have another name here."""
    client = cls(**KEYS)
    assert said(lambda: client.request("GET", "/assets/a", **{keyword: 1}), TypeError).endswith(told)


@pytest.mark.parametrize("cls", CLIENTS)
def test_keywords_of_clients(cls: Any) -> None:
    """A near name, and parameters of a search."""
    assert "did you mean timeout?" in said(lambda: cls(**KEYS, default_timeout=3), TypeError)
    assert "it belongs to a search: AssetSearch(limit=...)" in said(lambda: cls(**KEYS, limit=3), TypeError)
    assert "did you mean max_retries?" in said(lambda: cls(**KEYS).with_options(retries=3), TypeError)
    folder = said(lambda: cls(**KEYS).download([], "x", name_template="{id}"), TypeError)
    assert "did you mean name?" in folder


class Tenant(Scenario):
    """A client with a keyword of its own."""

    def __init__(self, *, tenant: str, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.tenant = tenant


class Branch(Tenant):
    """One that derives from that, and passes all on."""

    def __init__(self, *, branch: int = 0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.branch = branch


@pytest.mark.parametrize("cls", [Tenant, Branch])
def test_a_keyword_that_a_derived_client_has_of_its_own(cls: Any) -> None:
    """`with_options` cannot give it another value, and says what can; that works."""
    client = cls(**KEYS, tenant="a")
    for change in (client.with_options, client.copy):
        text = said(lambda: change(tenant="b", timeout=3), TypeError)  # noqa: B023 - called at once
        assert text.startswith("with_options() takes the settings of a client")
        assert (
            f"'tenant' is a keyword of {cls.__name__}: make a new {cls.__name__}(tenant=...), or set the attribute"
            in text
        )
    copied = client.copy(timeout=3)
    copied.tenant = "b"
    assert (copied.tenant, copied.timeout, client.tenant) == ("b", 3, "a")
    assert "unexpected keyword argument 'keywords'" in said(lambda: client.copy(keywords=1), TypeError)


@pytest.mark.parametrize("hit", HITS, ids=lambda hit: type(hit).__name__)
def test_names_on_the_wire(hit: Hit) -> None:
    """Each attribute that is spelled otherwise there names its spelling here."""
    for field in attrs.fields(type(hit)):
        wire = wire_name(field.name)
        if wire != field.name:
            assert not hasattr(hit, wire)
            assert said(lambda: getattr(hit, wire), AttributeError).endswith(f": write hit.{field.name}")  # noqa: B023
            assert wire not in dir(hit)


def test_names_on_the_wire_elsewhere() -> None:
    """In metadata, and of metadata where the hit was asked; of pages, and of records within records."""
    hit: Any = HITS[0]
    assert said(lambda: hit.metadata.aspectRatio, AttributeError).endswith("write metadata.aspect_ratio")
    assert said(lambda: hit.aspectRatio, AttributeError).endswith("write hit.metadata.aspect_ratio")
    page: Any = make_page([HITS[0]])
    assert said(lambda: page.estimatedTotalHits, AttributeError).endswith("write page.estimated_total_hits")
    assert said(lambda: page.hist, AttributeError).endswith("did you mean hits?")
    assert said(lambda: page.nothing_like_it, AttributeError).endswith("'nothing_like_it'")
    client: Any = Scenario(**KEYS)
    assert said(lambda: client.search.assset_search, AttributeError).endswith("did you mean asset_search?")
    assert said(lambda: client.search.assetSearch, AttributeError).endswith("asset_search")
    assert said(lambda: client.serch, AttributeError).endswith("did you mean search?")
    assert issubclass(AssetHit, Record)


@pytest.mark.parametrize(
    "join",
    [
        lambda: ANY.kind == "image" & ANY.width > 3,
        lambda: ANY.kind == "image" | ANY.width,
        lambda: (ANY.kind == "image") & ANY.width > 3,
        lambda: ANY.kind | ANY.width,
        lambda: ANY.width & 3,
        lambda: ~ANY.width,
    ],
)
def test_conditions_without_parentheses(join: Any) -> None:
    """`&` binds more tightly than a comparison, and the error shows how it is written."""
    assert 'put each into parentheses, as in (F.kind == "image") & (F.width > 3)' in said(join, TypeError)
    assert str((F.kind == "image") & (F.width > 3)) == 'kind = "image" AND width > 3'


@pytest.mark.parametrize(
    ("name", "told"),
    [("contain", "contains"), ("startswith", "starts_with"), ("in_", "is_in"), ("isin", "is_in"), ("like", "contains"), ("contains_some", "contains")],
)  # fmt: skip
def test_methods_of_filters(name: str, told: str) -> None:
    """A near one, or the one that does it; else all of them."""
    assert re.search(
        rf"F\['tags'\] has no '{name}': did you mean {told}",
        said(lambda: getattr(F.tags, name), AttributeError),
    )
    assert "there are asc, between, contains" in said(lambda: getattr(F.tags, "zzz"), AttributeError)  # noqa: B009 - checkers know better
    assert not hasattr(F.tags, "__array_interface__")
    assert not hasattr(F.tags, "zzz")


def test_between_in_the_wrong_order() -> None:
    """Numbers and moments are compared; of texts the service knows the order."""
    text = said(lambda: F.width.between(5, 1), InvalidSearchError)
    assert text == "filter: width.between(5, 1): nothing lies there: write between(1, 5)"
    for fine in (F.width.between(5, 5), F.width.between(1, 5.5), F.name.between("b", "a")):
        assert isinstance(fine, Filter)


OFFICIAL = set(scenario_sdk.__all__) - set(scenario_async.__all__) - {"__title__", "types"}


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_imports_of_the_official_sdk(name: str) -> None:
    """Each name that it exports and this package has not says what to write, also in an `import`."""
    with pytest.raises(
        ImportError, match=re.escape(f"has no {name!r} (scenario_sdk does): {moved.NAMES[name]}")
    ):
        exec(f"from scenario_async import {name}", {})  # noqa: S102 - a name of the list above


def test_other_names_are_missing_as_ever() -> None:
    """Tools that look around get an `AttributeError`, and submodules are found."""
    assert not hasattr(scenario_async, "nothing_of_the_kind")
    assert not hasattr(scenario_async, "__wrapped__")
    assert set(moved.NAMES) == OFFICIAL
    assert importlib.import_module("scenario_async.types").__name__ == "scenario_async.types"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SCENARIO_API_KEY": "k3y", "SCENARIO_API_SECRET": "s3cr3t"}, "SCENARIO_API_KEY is set, but the variable is called SCENARIO_SDK_API_KEY"),
        ({"SCENARIO_SDK_API_KEY": "k3y", "SCENARIO_SDK_SECRET": "s3cr3t"}, "SCENARIO_SDK_SECRET is set, but the variable is called SCENARIO_SDK_API_SECRET"),
        ({"SCENARIO_JWT": "t0ken"}, "SCENARIO_JWT is set, but the variable is called SCENARIO_SDK_JWT"),
        ({"OTHER_API_KEY": "k3y", "SCENARIO_PROJECT_ID": "proj_a"}, ""),
    ],
)  # fmt: skip
def test_variables_that_are_misspelt(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    """Where keys are missing, one that is there under another name is named; values never show."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    text = said(Scenario, ConfigurationError)
    assert told in text
    assert ("is set" in text) == bool(told)
    assert not any(value in text for value in ("k3y", "s3cr3t", "t0ken"))


def test_blank_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id has no blanks around it: of a client, of a search, of the environment."""
    told = "it must be an id, without blanks around it"
    search: Any = Scenario(**KEYS).search
    for value in ("  ", "proj_a ", "\tproj_a"):
        assert told in said(lambda: Scenario(**KEYS, project_id=value), ConfigurationError)  # noqa: B023
        assert told in said(lambda: search.asset_search(query="a", project_id=value), InvalidSearchError)  # noqa: B023
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_a\n")
    assert f"{told} (from the variable SCENARIO_PROJECT_ID)" in said(
        lambda: Scenario(**KEYS), ConfigurationError
    )


def test_header_lines_without_a_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be dropped in silence; the line is told by its number, as it may hold a secret."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "X-One: 1\n\ns3cr3t")
    text = said(lambda: Scenario(**KEYS), ConfigurationError)
    assert text == "SCENARIO_CUSTOM_HEADERS has no colon in line 3: each line is a header, `name: value`"


def test_between_refuses_what_has_no_spelling_first() -> None:
    """A number of too many digits is told as such, whatever its place."""
    assert "too many digits" in said(lambda: F.width.between(10**5000, 1), InvalidSearchError)
