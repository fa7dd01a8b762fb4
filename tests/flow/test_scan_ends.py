"""Where a scan ends: never at a short page while there is more, and never in silence."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.engines import TinyEngine, at, timed
from support.hits import asset
from support.servers import Answer, answers

from scenario_async import AssetSearch, BadRequestError, ScanIncompleteError

if TYPE_CHECKING:
    from support.faces import Connect
    from support.servers import Serve

ALL, RANKED = AssetSearch(filter="width >= 0"), AssetSearch(query="knight")
BOTH = pytest.mark.parametrize("wanted", [ALL, RANKED], ids=["filter", "words"])


@BOTH
@pytest.mark.parametrize("count", [40, 800, 1500])
def test_a_service_that_gives_half_of_what_is_asked(
    connect: Connect, serve: Serve, wanted: AssetSearch, count: int
) -> None:
    """Its pages are read through, though it echoes the limit that was asked for."""
    engine = TinyEngine(timed(count), page=50, window=250)
    found = connect(serve(engine).base_url).scan(wanted)
    assert (len(found.ids), len({*found.ids}), found.report.complete) == (count, count, True)


@pytest.mark.long
@BOTH
@pytest.mark.parametrize("shown", [0, 50, 99])
@pytest.mark.parametrize("number", range(1, 9))
def test_one_page_that_is_short_by_mistake(
    connect: Connect, serve: Serve, wanted: AssetSearch, shown: int, number: int
) -> None:
    """Whichever request it answers, the reading goes on."""
    engine = TinyEngine(timed(900), window=250)
    engine.alter = lambda request, _, hits: hits[:shown] if request == number else hits
    found = connect(serve(engine).base_url).scan(wanted)
    assert (len(found.ids), len({*found.ids}), found.report.complete) == (900, 900, True)


@BOTH
def test_a_hit_of_each_page_is_hidden(connect: Connect, serve: Serve, wanted: AssetSearch) -> None:
    """As where somebody may not see it; the total that counts it keeps no scan from its end."""
    engine = TinyEngine(timed(900))
    engine.alter = lambda _, __, hits: [hit for hit in hits if not hit["id"].endswith("37")]
    found = connect(serve(engine).base_url).scan(wanted)
    assert (len(found.ids), found.report.complete) == (891, True)


@BOTH
@pytest.mark.parametrize("total", [0, 7, 10**9, None])
def test_totals_that_lie(connect: Connect, serve: Serve, wanted: AssetSearch, total: int | None) -> None:
    """They decide about no end, and cost few requests."""
    engine = TinyEngine(timed(900), window=1000)
    honest = connect(serve(engine).base_url).scan(wanted)

    def script(request: Any) -> Any:
        answer: Any = engine(request)
        del answer["estimatedTotalHits"]
        return answer if total is None else {**answer, "estimatedTotalHits": total}

    found = connect(serve(script).base_url).scan(wanted)
    assert (len(found.ids), found.report.complete) == (900, True)
    assert found.report.requests <= honest.report.requests + 4


@pytest.mark.parametrize("count", [250, 900, 3000])
@pytest.mark.parametrize("sorts", ["page", "window"])
@pytest.mark.parametrize("seed", range(3))
def test_a_service_that_cuts_before_it_sorts(
    connect: Connect, serve: Serve, sorts: Any, count: int, seed: int
) -> None:
    """Each page is in order, and hits hide between them: that is an error, and not a complete scan."""
    hits = timed(count)
    random.Random(seed).shuffle(hits)
    face = connect(serve(TinyEngine(hits, sorts=sorts)).base_url)
    if sorts == "window" and count <= 1000:  # then nothing is cut
        assert len(face.scan(ALL).ids) == count
        return
    with pytest.raises(ScanIncompleteError, match="does not sort by createdAt"):
        face.scan(ALL)


@pytest.mark.parametrize(("first", "second"), [(185, 5), (188, 2), (150, 40), (95, 5), (185, 1)])
def test_a_chain_of_tokens_gives_no_hit_twice(
    connect: Connect, serve: Serve, first: int, second: int
) -> None:
    """Where hits share their moments, what the first token knew is known to the third scan."""
    hits = [asset(f"asset_{n:03}", createdAt=at(n // 10), updatedAt=at(n // 10)) for n in range(400)]
    face = connect(serve(TinyEngine(hits)).base_url)
    one = face.scan(ALL, most=first)
    two = face.scan(ALL, one.resume_token, most=second)
    three = face.scan(ALL, two.resume_token)
    counted = Counter([*one.ids, *two.ids, *three.ids])
    assert (len(counted), max(counted.values())) == (400, 1)


def test_a_search_that_is_refused_is_not_said_to_be_unsortable(connect: Connect, serve: Serve) -> None:
    """The service's own message is what helps; one about sorting still gets an explanation."""
    server = serve(answers(Answer({"message": "image asset_x does not exist"}, status=400)))
    with pytest.raises(BadRequestError, match="image asset_x does not exist") as caught:
        connect(server.base_url).scan(AssetSearch(image="asset_x"))
    assert "sorts" not in str(caught.value)
