"""Every Python example of README.md and docs/ runs as it stands, here against the emulator.

A block of text right after an example is what it prints. `WRITE_OUTPUTS=1 pytest -n 0 tests/docs/test_examples.py`
writes these blocks anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import scenario_async
from scenario_async import F, Filter
from scenario_async.emulator import Emulator
from scenario_async.emulator.faults import described
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
SECONDS = re.compile(r"\b\d+\.\d+s\b")
CELL = re.compile(r"(?<!\\)\|")
VARIABLE = re.compile(r"SCENARIO_\w+|HTTPS_PROXY")


@attrs.frozen
class Example:
    """A program on a page, and what the page says that it prints, if it says so."""

    page: Path
    code: str
    line: int
    output: str | None

    @property
    def program(self) -> str:
        """The program with as many empty lines in front as let a traceback name the line of the page."""
        return "\n" * self.line + self.code

    def write(self, output: str) -> None:
        """Write into the page what it prints."""
        before = f"{self.code}```\n\n```text\n"
        text = self.page.read_text(encoding="utf-8")
        assert text.count(before + (self.output or "")) == 1, "no example stands on a page twice"
        self.page.write_text(text.replace(before + (self.output or ""), before + output), encoding="utf-8")


def examples() -> Iterator[Any]:
    """Give every example with the place it stands at."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start(1))
            example = Example(page, found[1], line, found[2])
            yield pytest.param(example, id=f"{page.relative_to(ROOT)}:{line + 1}")


def table(page: Path, heading: str) -> list[list[str]]:
    """Give the rows of the first table after a heading, without the row of column names."""
    lines = iter(page.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in CELL.split(line)[1:-1]])
        elif rows:
            break
    return rows[2:]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Give the address of a running emulator."""
    emulator = Emulator(bearer_tokens=["token"])
    with emulator.running() as url:
        yield url


@pytest.fixture(scope="module")
def picture(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a picture of a knight."""
    from scenario_async.emulator.pictures import encoded  # noqa: PLC0415 - it loads Pillow
    from scenario_async.emulator.subjects import picture_of  # noqa: PLC0415

    record = {
        "id": "asset_knight",
        "tags": ["knight"],
        "mimeType": "image/png",
        "metadata": {"width": 64, "height": 64},
    }
    path = tmp_path_factory.mktemp("picture") / "knight.png"
    path.write_bytes(encoded(picture_of(record)))
    return path


@pytest.fixture
def surroundings(base_url: str, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment and the working directory that the pages tell of."""
    shutil.copy(picture, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCENARIO_BASE_URL", base_url)
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "emulator")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "emulator")
    monkeypatch.setenv("SCENARIO_SDK_JWT", "token")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("example", list(examples()))
def test_example_runs(
    example: Example, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example is a whole program, ends without an error, and prints what the page says, or asserts something."""
    if "\ndef test_" in example.code:
        printed = output_of_tests(example.program)
    else:
        code = compile(example.program, request.node.name, "exec", dont_inherit=True)
        exec(code, {"__name__": "__main__"})  # noqa: S102 - our own pages
        printed = capsys.readouterr().out
        assert printed.strip() or "assert" in example.code
    if example.output is None:
        return
    if "WRITE_OUTPUTS" in os.environ:
        example.write(printed)
    else:
        assert SECONDS.sub("0s", printed) == SECONDS.sub("0s", example.output)


def output_of_tests(program: str) -> str:
    """Run a file of tests with pytest, and give what it prints."""
    Path("test_example.py").write_text(program, encoding="utf-8")
    # Our plugin by its module, and not by its entry point, so that it is there uninstalled as well.
    plugins = ["-p", "no:cacheprovider", "-p", "no:scenario", "-p", "scenario_async.testing"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "test_example.py"]
    found = Path(scenario_async.__file__).parents[1]  # also where it is not installed
    surroundings = os.environ | {"PYTHONPATH": str(found), "COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_page_is_seen() -> None:
    """The search for examples finds the pages, and no fence escapes it."""
    assert {page.name for page in PAGES} >= {"README.md", "index.md", "searching.md", "api.md"}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.count("```python") == len(FENCE.findall(text)), page


def test_every_example_of_the_first_pages_shows_its_output() -> None:
    """A newcomer can compare: the pages that are read first say what their examples print."""
    first = {ROOT / "README.md", ROOT / "docs" / "index.md", ROOT / "docs" / "getting-started.md"}
    found = [example for (example,) in (each.values for each in examples()) if example.page in first]
    assert {example.page for example in found} == first
    assert [f"{example.page.name}:{example.line}" for example in found if not example.output] == []


def test_getting_started_names_the_libraries_that_examples_need() -> None:
    """What an example imports comes with Python, with the extra `all`, or with the line of that page."""
    page = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    [line] = re.findall(r"`pip install (pandas [a-z ]+)`", page)
    code = "".join(example.code for (example,) in (each.values for each in examples()))
    imported = set(re.findall(r"^ *(?:from|import) (\w+)", code, re.MULTILINE))
    others = imported - sys.stdlib_module_names - {"scenario_async", "pytest", *_OF_EXTRAS}
    assert others == set(line.split())


_OF_EXTRAS = ("aiohttp", "distributed", "pyarrow", "PIL")


def test_readme_shell_lines() -> None:
    """The demo and the suite are one line each that sets up all it needs; the first that ends in `nox` is the suite."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = "python3 -m venv .venv && .venv/bin/pip install -q "
    [demo] = [line for line in lines if line.endswith("scenario-async demo")]
    assert demo == start + "'.[all]' && .venv/bin/scenario-async demo"
    suite = next(line for line in lines if line.endswith("nox"))
    assert suite == start + "'nox[uv]' && .venv/bin/nox"
    for line in (demo, suite):
        place = lines.index(line)
        assert (lines[place - 1], lines[place + 1]) == ("```sh", "```")


def test_configuration_table_is_complete() -> None:
    """README lists every keyword of the clients, in their order."""
    listed = [row[0].strip("`") for row in table(ROOT / "README.md", "## Configuration")]
    assert listed == [field.name for field in attrs.fields(Settings)]


def test_environment_of_configuration_table() -> None:
    """README's table names for each keyword the variable that it is declared with, or that its words name."""
    listed = {row[0].strip("`"): row[1].strip("`") for row in table(ROOT / "README.md", "## Configuration")}
    declared = {
        field.name: field.metadata["variable"] or VARIABLE.findall(field.metadata["words"])
        for field in attrs.fields(Settings)
    }
    named = {name: [found] if isinstance(found, str) else found for name, found in declared.items()}
    assert listed == {name: next(iter(variables), "") for name, variables in named.items()}


def test_fault_table_is_complete() -> None:
    """The page of the emulator lists every fault, its options and what it does."""
    listed = [row[:3] for row in table(ROOT / "docs" / "emulator.md", "<!-- faults begin -->")]
    assert listed == [
        [f"`{fault.name}`", ", ".join(f"`{option}`" for option in fault.options), fault.help]
        for fault in described()
    ]


@pytest.mark.parametrize("row", table(ROOT / "docs" / "filters.md", "## Conditions"), ids=lambda row: row[1])
def test_filter_table(row: list[str]) -> None:
    """Each expression of the table of conditions travels as the table says."""
    expression, travelling = re.findall(r"`(.+?)`", row[0])[0], row[1].strip("`")
    rendered = eval(expression, {"F": F})  # noqa: S307 - our own page
    assert isinstance(rendered, Filter)
    assert str(rendered) == travelling


def test_the_tests_that_promises_name_exist() -> None:
    """Each promise of the page on reliability points at a file, or a test in one."""
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or f"def {test}" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert missing == []
