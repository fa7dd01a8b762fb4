"""`scenario-async search`: what is asked, what comes out, and what is refused before anything is asked."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from scenario_async import F, Scenario
from scenario_async.cli.options import options_of
from scenario_async.cli.search import KINDS
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

IMAGES = ["--where", "kind=image"]


def found(**parameters: Any) -> list[Any]:
    """Give the hits that the SDK itself finds."""
    with Scenario() as client:
        return client.search.asset_search(**parameters).collect().hits


def bodies(emulator: Emulator) -> list[Any]:
    """Give what was asked for."""
    return [request.body for request in emulator.requests]


def test_one_page_as_json_lines(run: Run, served: Emulator) -> None:
    """Into a pipe go the service's JSON lines of one page, and nothing goes to stderr."""
    code, out, err = run("search", "assets", "knight")
    assert (code, err) == (0, "")
    hits = [json.loads(line) for line in out.splitlines()]
    assert [hit["id"] for hit in hits] == [hit.id for hit in found(query="knight")[:20]]
    assert hits[0]["metadata"]["width"] == 640
    assert bodies(served)[0] == {"query": "knight"}


def test_nothing_found(run: Run, served: Emulator) -> None:
    """That nothing is found is no failure, in every format that has lines."""
    assert run("search", "assets", "--where", "width>99999") == (0, "", "")
    assert run("search", "assets", "--where", "width>99999", "--format", "json") == (0, "[]\n", "")
    assert run("search", "assets", "--where", "width>99999", "--format", "table") == (0, "", "")
    assert run("search", "assets", "--where", "width>99999", "--ids") == (0, "", "")
    assert run("search", "assets", "--where", "width>99999", "--count") == (0, "0\n", "")


@pytest.mark.parametrize("kind", ["models", "workflows"])
def test_other_kinds(run: Run, served: Emulator, kind: str) -> None:
    """Models and workflows are searched the same way."""
    code, out, _ = run("search", kind, "knight", "--ids")
    assert code == 0
    assert out.startswith(kind[:-1] + "_")
    assert served.requests[-1].path == f"/v1/search/{kind}"


def test_all_has_its_price_first(run: Run, served: Emulator) -> None:
    """All hits come, each once, by the largest pages; one line says how many requests and minutes that takes."""
    code, out, err = run("search", "assets", *IMAGES, "--all", "--ids", "--rate-limit", "30")
    ids = out.splitlines()
    assert code == 0
    assert ids == [hit.id for hit in found(filter=F.kind == "image")]
    assert err == f"about {len(ids)} hits: 3 requests, less than a minute at 30 a minute\n"
    assert [body["offset"] for body in bodies(served)[:3]] == [0, 100, 200]


def test_the_price_in_minutes(run: Run, served: Emulator) -> None:
    """Twice the quota takes two minutes: that is told from the first reply, before the second request."""
    code, _, err = run(
        "search",
        "assets",
        *IMAGES,
        "--limit",
        "1",
        "--max-hits",
        "4",
        "--rate-limit",
        "2",
        "--max-requests",
        "2",
    )
    assert code == 0
    assert err.startswith("about 2 hits: 2 requests, about 1 minute at 2 a minute\n")
    assert len(served.requests) == 2


@pytest.mark.parametrize(("most", "requests"), [(1, 1), (100, 1), (101, 2), (150, 2)])
def test_max_hits(run: Run, served: Emulator, most: int, requests: int) -> None:
    """So many hits come, with no more requests than they need; what is one request has no price."""
    code, out, err = run("search", "assets", *IMAGES, "--max-hits", str(most), "--ids")
    assert code == 0
    assert len(out.splitlines()) == most
    assert len(served.requests) == requests
    assert bool(err) is (requests > 1)


def test_max_requests(run: Run, served: Emulator) -> None:
    """After so many requests it stops, says so also into a pipe, and how to go on; that way there is no gap."""
    code, out, err = run("search", "assets", *IMAGES, "--all", "--max-requests", "2", "--ids")
    assert code == 0
    assert len(served.requests) == 2
    last = err.splitlines()[-1]
    assert (
        last == "stopped after 2 requests (--max-requests), 200 hits; about 84 are left: --offset 200 goes on"
    )
    _, rest, _ = run("search", "assets", *IMAGES, "--all", "--offset", "200", "--ids")
    assert out.splitlines() + rest.splitlines() == [hit.id for hit in found(filter=F.kind == "image")]


def test_pages_by_number(run: Run, served: Emulator) -> None:
    """Page paging is read on, too, and says with which page to go on."""
    options = ["--page", "2", "--hits-per-page", "50", "--all", "--max-requests", "2", "--ids"]
    code, out, err = run("search", "assets", *IMAGES, *options)
    assert code == 0
    assert out.splitlines() == [hit.id for hit in found(filter=F.kind == "image")][50:150]
    assert err.endswith("about 134 are left: --page 4 goes on\n")


def test_count(run: Run, served: Emulator) -> None:
    """The number is the service's, for the price of one hit."""
    assert run("search", "assets", *IMAGES, "--count") == (0, f"{len(found(filter=F.kind == 'image'))}\n", "")
    assert bodies(served)[0] == {"filter": 'kind = "image"', "limit": 1, "offset": 0}


def test_conditions(run: Run, served: Emulator) -> None:
    """Conditions and a filter all have to hold; numbers are numbers, and names are spelt as one likes."""
    conditions = ["--where", "kind=image", "--where", "width >= 1024", "--where", "createdAt>2025-01-01"]
    code, _, _ = run(
        "search", "assets", "--filter", "height > 1 OR height < 1", *conditions, "--where", "base_model_id!=x"
    )
    assert code == 0
    assert bodies(served)[0]["filter"] == (
        '(height > 1 OR height < 1) AND kind = "image" AND width >= 1024 AND createdAt > "2025-01-01" '
        'AND baseModelId != "x"'
    )


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("knid=image", "did you mean 'kind'?"),
        ("kind", "is not a condition; write NAME=VALUE (or use !=, >, >=, <, <=)"),
        ("nsfw is empty", "--filter takes the whole filter language"),
        ("width>=big", "width is a number, and 'big' is none"),
        ("width>512,1024", "several values go with = and != only"),
        ("kind>a,b", "several values go with = and != only"),
        ("tags=a,", "there is nothing on one side of a comma"),
        ("kind=image and width>=1000", "more than one condition: give --where once for each"),
        ("kind=image OR kind=video", "write all of it as --filter"),
        ("kind=image AND NOT tags = x", "more than one condition"),
        ("kind=image AND nsfw IS EMPTY", "more than one condition"),
        ("kind=image,width>1", "more than one condition"),
        ("kind=image && width>1", "more than one condition"),
        ("width>=1 and height>=1", "more than one condition"),
        ("prompt=a and b=c", """put it between quotes: 'prompt="a and b=c"'"""),
    ],
)
def test_wrong_conditions(run: Run, served: Emulator, condition: str, told: str) -> None:
    """A condition that cannot be meant is refused before anything is asked, and the nearest name is told."""
    code, out, err = run("search", "assets", "--where", condition)
    assert (code, out) == (2, "")
    assert told in err
    assert not served.requests


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        ("tags=a,b", '(tags = "a" OR tags = "b")'),
        ("width = 512, 1024", "(width = 512 OR width = 1024)"),
        ("kind!=image,video", 'NOT (kind = "image" OR kind = "video")'),
        ('tags="a,b"', 'tags = "a,b"'),
        ("prompt=a knight, at dusk", 'prompt = "a knight, at dusk"'),
        ('prompt="a and b=c"', 'prompt = "a and b=c"'),
        ("prompt=a cat and a dog", 'prompt = "a cat and a dog"'),
    ],
)
def test_values_of_conditions(run: Run, served: Emulator, condition: str, sent: str) -> None:
    """Commas part values, any of which counts, but for texts that people write and within quotes."""
    assert run("search", "assets", "--where", condition)[0] == 0
    assert bodies(served)[0]["filter"] == sent


def test_every_parameter_is_an_option(run: Run) -> None:
    """The options follow from the classes: each field has one, and the help has its words."""
    for search_class in ENDPOINTS:
        _, out, _ = run("search", f"{search_class.kind}s", "--help")
        options = {name for option in options_of(search_class) for name in option.opts}
        for field in attrs.fields(search_class):
            name = "--" + field.name.replace("_", "-")
            expected = {"query": set[str](), "images": {"--like", "--unlike"}}.get(field.name, {name})
            assert expected <= options
            assert all(f" {each} " in out for each in expected)


def test_parameters_travel(run: Run, served: Emulator) -> None:
    """Each kind of option reaches the service as the parameter that it stands for."""
    code, _, err = run(
        *("search", "models", "knight", "--query-semantic-ratio", "0.5", "--limit", "3", "--no-public"),
        *(
            "--sort-by",
            "createdAt:desc",
            "--sort-by",
            "updatedAt:asc",
            "--original-assets",
            "--project-id",
            "proj_emulator",
        ),
        *("--extra-headers", "x-one=1", "--extra-query", "two=2", "--extra-body", "facets=[]"),
        *("--original-models", "true", "--timeout", "20", "--deadline", "30"),
    )
    assert (code, err) == (0, "")
    [request] = served.requests
    assert request.body == {
        "query": "knight",
        "querySemanticRatio": 0.5,
        "limit": 3,
        "offset": 0,
        "public": False,
        "sortBy": ["createdAt:desc", "updatedAt:asc"],
        "facets": [],
    }
    assert dict(request.query) == {
        "originalAssets": "true",
        "originalModels": "true",
        "projectId": "proj_emulator",
        "two": "2",
    }
    assert request.headers["x-one"] == "1"


def test_pictures(run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read, `-` is the standard input, anything else is the id of an asset."""
    content = b"\x89PNG\r\n\x1a\n" + bytes(8)
    (tmp_path / "sketch.png").write_bytes(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    first, second = found(query="knight", limit=2)[:2]
    served.requests.clear()
    run("search", "assets", "--image", "sketch.png", "--dry-run")
    for arguments in (
        ["--image", first.id],
        ["--like", first.id, "--like", second.id, "--unlike", second.id],
    ):
        assert run("search", "assets", *arguments, "--limit", "1")[0] == 0
    assert bodies(served)[0]["image"] == first.id
    assert bodies(served)[1]["images"] == {"like": [first.id, second.id], "unlike": [second.id]}
    for given in ("sketch.png", "-"):
        _, out, _ = run("search", "assets", "--image", given, "--dry-run")
        assert json.loads(out)["body"]["image"] == "data:image/png;base64,… (46 characters)"
    _, out, _ = run("search", "assets", "--like", "sketch.png", "--unlike", first.id, "--dry-run")
    expected = {"like": ["data:image/png;base64,… (46 characters)"], "unlike": [first.id]}
    assert json.loads(out)["body"]["images"] == expected
    code, _, err = run("search", "assets", "--image", "none.png")
    assert code == 2
    assert "image 'none.png' cannot be read: No such file or directory" in err


def test_fields(run: Run, served: Emulator) -> None:
    """Columns are named as in a hit, in the service's spelling or ours; what is in the metadata, also without that."""
    _, out, _ = run(
        "search", "assets", "knight", "--limit", "1", "--fields", "id,metadata.width,createdAt,height"
    )
    assert json.loads(out) == {
        "id": "asset_QtNqmUn7SwNTBd6LLqf1gy",
        "metadata_width": 640,
        "created_at": "2025-06-25T19:58:15.274000Z",
        "metadata_height": 480,
    }
    _, out, _ = run("search", "assets", "knight", "--limit", "1", "--fields", "id,width", "--format", "csv")
    assert out == "id,metadata_width\nasset_QtNqmUn7SwNTBd6LLqf1gy,640\n"
    _, out, _ = run("search", "assets", "knight", "--limit", "1", "--flat")
    assert json.loads(out)["metadata_width"] == 640


def test_a_table_in_a_pipe_cuts_nothing(run: Run, served: Emulator) -> None:
    """Whole texts stand there, and no control codes."""
    code, out, _ = run("search", "assets", "knight", "--format", "table", "--all", "--limit", "30")
    assert code == 0
    head, *lines = out.splitlines()
    assert head.split() == ["ID", "KIND", "WIDTH", "HEIGHT", "CREATED_AT", "PROMPT"]
    hits = found(query="knight")
    assert [line.split()[0] for line in lines] == [hit.id for hit in hits]
    assert all((hit.metadata.prompt or "") in line for hit, line in zip(hits, lines, strict=True))
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--all", "--max-hits", "3"], "--all reads every hit, --max-hits so many: give one of them"),
        (["--ids", "--count"], "--ids and --count exclude each other"),
        (["--resume"], "--resume is for a file: name it with --output"),
        (["--overwrite"], "--overwrite is for a file"),
        (["--ids", "--fields", "id"], "--ids writes nothing but ids, so it goes without --fields"),
        (["--output", "x.csv", "--format", "table"], "--format table is for the screen"),
        (["--output", "x.csv", "--fields", "id", "--resume"], "leave out --fields"),
        (["--output", "x.cvs"], "did you mean '.csv'?"),
        (["--format", "jsn"], "did you mean 'json'?"),
        (["--format", "pickle"], "'pickle' is not one of 'table', 'jsonl', 'json'"),
        (["--fields", "metadata.widht"], "did you mean 'metadata_width'?"),
        (["--fields", "id,widht"], "did you mean 'metadata_width'?"),
        (["--format", "sqlite", "--fields", "id"], "sqlite keeps whole hits"),
        (["--max-hits", "0"], "0 is less than 1"),
        (["--limit", "0"], "limit is 0, but it must be 1 or more"),
        (["--limit", "many"], "'many' is not a valid integer"),
        (["--sort-by", "created_at:desc"], "the service spells it 'createdAt:desc'"),
        (["--extra-headers", "x"], "'x' is not NAME=VALUE"),
        (["--extra-headers", "Authorization=Basic eA=="], "belongs into the environment or a .env"),
        (["--wher", "kind=image"], "--where"),
    ],
)
def test_what_is_refused(run: Run, served: Emulator, arguments: list[str], told: str) -> None:
    """Nothing is asked for what cannot be meant; the reason and the nearest name are told, with 2."""
    code, out, err = run("search", "assets", "knight", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not served.requests


def test_a_search_for_nothing(run: Run, served: Emulator) -> None:
    """Without anything to search for, the options that help are named."""
    code, _, err = run("search", "workflows")
    assert code == 2
    assert (
        err
        == "Error: nothing to search for: workflow search needs at least one of query, filter; see --help\n"
    )


def test_a_page_that_is_too_large(run: Run, served: Emulator) -> None:
    """The service refuses it with 1, and the option that was meant is named."""
    code, _, err = run("search", "assets", "knight", "--limit", "500")
    assert code == 1
    assert err.endswith("a page has 100 hits at most: --max-hits 500 reads several\n")


def test_dry_run(run: Run, served: Emulator) -> None:
    """The request as JSON is what would be sent, without keys; the words after it stay the query."""
    _, out, _ = run("search", "assets", "--dry-run", "knight", "--all")
    assert json.loads(out) == {
        "method": "POST",
        "url": f"{served.base_url}/search/assets",
        "headers": {
            "authorization": "Basic …",
            "accept": "application/json",
            "user-agent": json.loads(out)["headers"]["user-agent"],
            "content-type": "application/json",
        },
        "body": {"query": "knight", "limit": 100, "offset": 0},
    }
    assert not served.requests


def test_dry_run_for_a_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token and headers of one's own are hidden as well, and an account is not needed."""
    assert run("search", "assets", "knight", "--dry-run")[0] == 0
    monkeypatch.setenv("SCENARIO_SDK_JWT", "token-of-mine")
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "x-key: key-of-mine")
    for form, scheme in (("json", "Bearer …"), ("curl", "Bearer $SCENARIO_SDK_JWT")):
        _, out, _ = run("search", "assets", "knight", f"--dry-run={form}")
        assert scheme in out
        assert "of-mine" not in out


def test_there_is_a_command_for_every_search() -> None:
    """The group lists what the service has, in the words of the classes."""
    words = {f"{each.kind}s": (each.__doc__ or "").partition("\n")[0] for each in ENDPOINTS}
    assert words == KINDS
