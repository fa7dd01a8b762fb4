"""Search classes and classes of hits that a caller declares, on both clients: no table here has to know them."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from support.hits import assets
from support.servers import Answer, answers, paged

from scenario_async import AssetHit, BadRequestError, Hit, HitTable, Search, WorkflowSearch
from scenario_async._http import refused

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve


@attrs.frozen(kw_only=True)
class OwnSearch(WorkflowSearch):
    """A search of workflows by another path."""

    kind: ClassVar[str] = "own"
    path: ClassVar[str] = "/search/own"


@attrs.frozen(kw_only=True)
class StyleHit(Hit):
    """A hit that is none of the documented ones."""

    mime_type: str


@attrs.frozen(kw_only=True)
class StyleSearch(Search[StyleHit]):
    """A search of them."""

    kind: ClassVar[str] = "look"
    path: ClassVar[str] = "/search/looks"
    hit_class: ClassVar[type[Hit]] = StyleHit


FOO = "Attribute `foo` is not filterable."
BAR = "Attribute `bar` is not sortable."


@pytest.mark.parametrize(
    ("search", "reason", "hint"),
    [
        (OwnSearch(filter="foo=1"), FOO, "workflows are filtered by status, name, "),
        (OwnSearch(filter="stauts=1"), "Attribute `stauts` is not filterable.", "did you mean status?"),
        (OwnSearch(query="a", sort_by="bar:asc"), BAR, "workflows are sorted by createdAt, updatedAt, "),
        (StyleSearch(filter="foo=1"), FOO, ""),
        (StyleSearch(filter="width=1"), "Attribute `width` is not filterable.", "width is an attribute of assets"),
        (StyleSearch(filter="mimetype=1"), "Attribute `mimetype` is not filterable.", "did you mean mimeType?"),
        (StyleSearch(filter="mimeType=1"), "Attribute `mimeType` is not filterable.", ""),
        (StyleSearch(query="a", sort_by="bar:asc"), BAR, ""),
        (StyleSearch(query="a", sort_by="updatedat:asc"), "Attribute `updatedat` is not sortable.", "did you mean updatedAt?"),
    ],
)  # fmt: skip
def test_a_refused_search_of_ones_own(
    connect: Connect, serve: Serve, search: Search[Any], reason: str, hint: str
) -> None:
    """Its error is the service's, with what is known of the hits that it finds."""
    server = serve(answers(Answer({"reason": reason}, status=400)))
    with pytest.raises(BadRequestError) as caught:
        connect(server.base_url).page(search)
    assert caught.value.message == f"400 {reason}"
    assert caught.value.hint.startswith(hint)
    assert bool(caught.value.hint) == bool(hint)


def test_a_fault_in_the_advice_costs_the_advice_alone(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The error arrives and is logged as ever; of the fault, only its class is told."""

    def broken(*_: object) -> str:
        raise KeyError("s3cr3t")

    monkeypatch.setattr(refused, "meant", broken)
    caplog.set_level(logging.DEBUG, "scenario_async")
    server = serve(answers(Answer({"reason": FOO}, status=400)))
    with pytest.raises(BadRequestError) as caught:
        connect(server.base_url).page(OwnSearch(filter="foo=1"))
    error = caught.value
    assert (error.hint, error.__cause__, error.__context__) == ("", None, None)
    told: dict[int, Any] = {each.levelno: each for each in caplog.records if each.name == "scenario_async"}
    assert told[logging.WARNING].error_type == "BadRequestError"
    assert told[logging.DEBUG].getMessage() == "no advice could be given: KeyError"
    assert "s3cr3t" not in "".join(str(each.__dict__) for each in told.values())


def test_hits_of_ones_own_are_kept_like_others(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """They make tables, show themselves and go into a harvest, under the word in the name of their class."""
    face = connect(serve(paged(assets(5))).base_url)
    table: HitTable[Any] = face.page(StyleSearch(query="a")).table
    assert table.hit_class is StyleHit
    assert table.to_dicts(flat=True)[0]["mime_type"] == "image/png"
    assert "style" in table.hits[0]._repr_html_()
    table.write(tmp_path / "table.sqlite")
    done = face.harvest([StyleSearch(query="a")], tmp_path / "harvest.sqlite")
    assert (done.hits, done.new) == (5, 5)
    for name in ("table", "harvest"):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as file:
            assert file.execute("SELECT DISTINCT kind, count(*) FROM hits").fetchall() == [("style", 5)]


def test_a_harvest_of_a_search_of_ones_own_is_refreshed_to_the_moment(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """Its hits witness how moments are compared, so that no whole day is asked for again."""

    @attrs.frozen(kw_only=True)
    class MyAssets(Search[AssetHit]):
        kind: ClassVar[str] = "mine"
        path: ClassVar[str] = "/search/mine"
        hit_class: ClassVar[type[Hit]] = AssetHit

    server = serve(paged(assets(5)))
    face = connect(server.base_url)
    face.harvest([MyAssets(query="a")], tmp_path / "harvest.sqlite")
    face.harvest([MyAssets(query="a")], tmp_path / "harvest.sqlite", refresh=True)
    assert server.bodies()[-1]["filter"].count("T") == 1
