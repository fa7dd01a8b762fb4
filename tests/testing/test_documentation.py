"""Every file shown in docs/testing.md is written as it stands, and the tests among them are run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
SECTIONS = dict(section.split("\n", 1) for section in PAGE.split("\n## ")[1:])
FILE = re.compile(r"^```\{code-block\} python\n:caption: (\S+)\n\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SETTINGS = "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n"


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_is_a_suite_that_passes(
    title: str, pytester: pytest.Pytester, installed_suite: Callable[..., pytest.RunResult]
) -> None:
    """The files of a section are a program and its tests, all of which pass without a warning."""
    save(SECTIONS[title], pytester)
    expected = len(re.findall(r"^ *(?:async )?def test_", SECTIONS[title], re.MULTILINE))
    assert expected
    installed_suite(None).assert_outcomes(passed=expected)


@pytest.mark.long
def test_the_page_is_one_suite_that_passes(
    pytester: pytest.Pytester, installed_suite: Callable[..., pytest.RunResult]
) -> None:
    """Whoever saves all files of the page in one folder has tests that pass."""
    save(PAGE, pytester)
    expected = len(re.findall(r"^ *(?:async )?def test_", PAGE, re.MULTILINE))
    installed_suite(None).assert_outcomes(passed=expected)


def save(text: str, pytester: pytest.Pytester) -> None:
    """Write the files that a text shows."""
    for name, content in FILE.findall(text):
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    pytester.makeini(SETTINGS)


def test_no_example_is_passed_over() -> None:
    """Every block of Python is a file in a section, and begins as this test's pattern says."""
    blocks = re.findall(r"^```(\S+.*)$", PAGE, re.MULTILINE)
    shown = [block for block in blocks if block not in {"sh", "{eval-rst}"}]
    assert shown == ["{code-block} python"] * len(FILE.findall(PAGE))
    assert len(shown) == sum(len(FILE.findall(section)) for section in SECTIONS.values())
