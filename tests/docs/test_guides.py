"""The guides: every program is on a page and runs against the emulator, and prints what its page says."""

from __future__ import annotations

import json
import re
import ssl
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from support.hits import assets
from support.programs import EXAMPLES, ROOT, environment, needs, run, started
from support.proxies import proxying
from support.servers import answers, serving

from scenario_async import Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.any_versions

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PROGRAMS = sorted(path.stem for path in EXAMPLES.glob("*.py"))
INCLUDED = re.compile(r"^```\{literalinclude\} \.\./examples/(\w+)\.py$", re.MULTILINE)
TEXT = re.compile(
    r"^```(?:text|\{code-block\} text\n:caption: [^\n]*\n)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
PRINTING = [
    pytest.param("pandas_frame", marks=needs("pandas")),
    pytest.param("polars_frame", marks=needs("polars")),
    pytest.param("traces", marks=needs("opentelemetry.sdk")),
    pytest.param("trio_search", marks=needs("trio")),
    pytest.param("gevent_search", marks=needs("gevent")),
]
ONE_HIT = answers({"hits": assets(1), "limit": 1, "offset": 0, "estimatedTotalHits": 1})


@pytest.fixture(scope="module")
def base_url() -> Generator[str]:
    """Give the address of a running emulator with the sample library."""
    with Emulator().running() as url:
        yield url


def texts(program: str) -> list[str]:
    """Give the blocks of text of a page that follow a program, up to the next one."""
    [page] = [page for page in GUIDES if program in INCLUDED.findall(page.read_text(encoding="utf-8"))]
    behind = page.read_text(encoding="utf-8").partition(f"../examples/{program}.py\n")[2]
    return TEXT.findall(behind.partition("{literalinclude}")[0])


def test_every_program_is_on_one_page_and_every_page_in_the_contents() -> None:
    """No program is shown nowhere or twice, no page shows code that does not run, none is left out of the contents."""
    pages = {page: page.read_text(encoding="utf-8") for page in GUIDES}
    assert sorted(name for text in pages.values() for name in INCLUDED.findall(text)) == PROGRAMS
    assert [page.name for page, text in pages.items() if "```python" in text] == []
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [page.stem for page in GUIDES if f"guides/{page.stem}\n" not in contents] == []


def test_programs_are_short_and_take_their_address_from_the_environment() -> None:
    """Each fits two screens, and names neither a key nor an address of the service."""
    for name in PROGRAMS:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert text.count("\n") <= 90, name
        assert "api_key" not in text, name
        assert "base_url" not in text, name


@pytest.mark.parametrize("name", PRINTING)
def test_program_prints_what_its_page_says(name: str, base_url: str, tmp_path: Path) -> None:
    """It ends well, says nothing on stderr, and prints the text behind it on its page."""
    done = run(name, base_url=base_url, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == texts(name)[0]


def test_batch(base_url: str, tmp_path: Path) -> None:
    """From the page's file of searches come the page's counts, a line for each hit, and what failed or broke a rule."""
    source, printed = texts("batch")
    (tmp_path / "searches.csv").write_text(source, encoding="utf-8")
    files = ("searches.csv", "hits.jsonl", "failures.jsonl")
    done = run("batch", *files, base_url=base_url, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, printed)
    assert done.stderr.startswith("left out:")
    hits, failures = (
        [json.loads(line) for line in (tmp_path / name).read_text(encoding="utf-8").splitlines()]
        for name in files[1:]
    )
    with Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client:
        castles = [hit.id for hit in client.search.asset_search(query="castle")]
    assert [hit["id"] for hit in hits if hit["query"] == "castle"] == castles
    assert [failure["query"] for failure in failures] == ["dragon"]
    assert failures[0]["error"].startswith("400 Invalid filter")


def test_logs(base_url: str, tmp_path: Path) -> None:
    """Each call is a line of JSON with the fields of the page, the failed one as well."""
    done = run("logs", base_url=base_url, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines, shown = (
        [json.loads(line) for line in text.splitlines()] for text in (done.stdout, texts("logs")[0])
    )
    fixed = ("logger", "status", "attempts")
    assert [[line[name] for name in fixed] for line in lines] == [
        ["scenario_async", 200, 1],
        ["scenario_async", 400, 1],
    ]
    assert [set(line) for line in lines] == [set(line) for line in shown]
    assert [[line[name] for name in fixed] for line in lines] == [
        [line[name] for name in fixed] for line in shown
    ]


@needs("structlog")
def test_structured_logs(base_url: str, tmp_path: Path) -> None:
    """The record of the call and the program's own event carry what the program had bound, and the fields of the page."""
    done = run("structured_logs", base_url=base_url, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines, shown = (
        [json.loads(line) for line in text.splitlines()]
        for text in (done.stdout, texts("structured_logs")[0])
    )
    assert [set(line) for line in lines] == [set(line) for line in shown]
    line, own = lines
    assert own == shown[1]
    assert (line["job"], line["level"], line["status"], line["attempts"]) == ("nightly", "info", 200, 1)


def cells(notebook: str) -> list[str]:
    """Give the cells of a notebook, without their titles."""
    parts = (EXAMPLES / f"{notebook}.py").read_text(encoding="utf-8").split("\n# %%")[1:]
    return [part.partition("\n")[2] for part in parts]


NOTEBOOK_RUNNER = """
import ast, asyncio, inspect, pathlib

async def main():
    names = {}
    for cell in pathlib.Path("cells").read_text("utf-8").split("\\0"):
        code = compile(cell, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, names)
        if inspect.isawaitable(result):
            await result

asyncio.run(main())
"""


def test_notebook_cells(base_url: str, tmp_path: Path) -> None:
    """The cells, run one after another in a running loop as IPython does, print what the page says."""
    (tmp_path / "runner.py").write_text(NOTEBOOK_RUNNER, encoding="utf-8")
    (tmp_path / "cells").write_text("\0".join(cells("notebook")), encoding="utf-8")
    done = run(str(tmp_path / "runner"), base_url=base_url, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == texts("notebook")[0]


@needs("nbclient", "ipykernel")
@pytest.mark.parametrize("notebook", ["notebook", "harvest_notebook"])
def test_notebook_in_a_kernel(
    base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notebook: str
) -> None:
    """So they do in a kernel of Jupyter."""
    nbclient: Any = import_module("nbclient")
    v4: Any = import_module("nbformat").v4
    for name, value in environment(base_url).items():
        monkeypatch.setenv(name, value)
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells(notebook)])
    nbclient.NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output["text"] for cell in book.cells for output in cell.outputs)
    assert printed == texts(notebook)[0]


CELERY_CALLER = """
import sys
from celery_tasks import app, find

app.conf.broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue"}
if __name__ == "__main__":
    results = [find.delay(word) for word in sys.argv[1:]]
    print([len(result.get(timeout=40)["assets"]) for result in results])
"""


@pytest.mark.long
@needs("celery")
def test_celery_tasks_in_forked_workers(tmp_path: Path) -> None:
    """Processes that Celery forks search with the client made before; what it gave up, the queue tries again."""
    (tmp_path / "trial.py").write_text(CELERY_CALLER, encoding="utf-8")
    for folder in ("queue", "results"):
        (tmp_path / folder).mkdir()
    more = {
        "BROKER_URL": "filesystem://",
        "RESULT_URL": f"file://{tmp_path}/results",
        "QUOTA_FILE": str(tmp_path / "quota"),
    }
    worker = ["-m", "celery", "-A", "trial", "worker", "--pool", "prefork", "--concurrency", "2"]
    trial = str(tmp_path / "trial")
    emulator = Emulator()
    with emulator.running() as base_url, started(worker, base_url, tmp_path, **more):
        words = ("knight", "castle", "dragon", "forest")
        done = run(trial, *words, base_url=base_url, cwd=tmp_path, **more)
        assert (done.returncode, done.stdout) == (0, "[5, 5, 5, 5]\n"), done.stderr
        emulator.faults.add("503 retry-after=1 x3")
        again = run(trial, "knight", base_url=base_url, cwd=tmp_path, **more)
        assert (again.returncode, again.stdout) == (0, "[5]\n"), again.stderr
    assert [request.status for request in emulator.requests] == [200] * 4 + [503] * 3 + [200]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """Make what a server speaks HTTPS with, and the file of who vouches for it."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("scenario.test")
    certificate.configure_cert(context)
    return context, str(path)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_and_an_authority_from_the_environment(
    certified: tuple[ssl.SSLContext, str], tmp_path: Path, *, trusted: bool
) -> None:
    """The program gets through HTTPS_PROXY, and trusts the service if SSL_CERT_FILE says so."""
    context, path = certified
    with serving(ONE_HIT, context) as server, proxying({"scenario.test": server.base_url}) as proxy:
        more = {"HTTPS_PROXY": proxy.url()} | ({"SSL_CERT_FILE": path} if trusted else {})
        done = run("proxy_and_ca", base_url="https://scenario.test/v1", cwd=tmp_path, **more)
    assert [(each.method, each.target) for each in proxy.requests] == [("CONNECT", "scenario.test:443")]
    lines = done.stdout.splitlines()
    assert lines[0] == "proxy: from HTTPS_PROXY"
    if trusted:
        assert lines[1:] == [f"authorities: {path}", "it works: 200"]
        assert done.returncode == 0
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("no way through:")
        assert "certificate" in done.stderr
