"""Everything that is checked, built and measured: `nox` alone is what a newcomer needs to see green."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13"]
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
COVERAGE = ["--cov", "--cov-report=term", "--cov-fail-under=95"]
# Properties are tried with the same examples in each run, so that a run tells of the code alone, and without a limit of
# time. Plain `pytest` looks for new ones, and so does `nox -s tests -- --hypothesis-profile=default`.
SAME_EXAMPLES = "--hypothesis-profile=ci"
# Many tests wait for a clock or another process: there is work for half as many again as there are processors.
WORKERS = str((os.cpu_count() or 1) * 3 // 2)

nox.options.sessions = [f"tests-{CURRENT}" if CURRENT in PYTHONS else "tests-3.11", "lint", "types", "layers"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"
# uv, which `pip install nox[uv]` brings, installs in seconds what takes pip a minute; without it, all is the same.
nox.options.default_venv_backend = "uv|virtualenv"
os.environ.setdefault("UV_COMPILE_BYTECODE", "1")  # as pip does, so that no test waits for it


def open_pyenv() -> None:
    """Let pyenv's commands reach every Python that it has installed, where pyenv is in use."""
    if shutil.which("pyenv") is None or "PYENV_VERSION" in os.environ:
        return
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
    ).stdout
    wanted = [version for version in listed.split() if version.rpartition(".")[0] in PYTHONS]
    if wanted:
        os.environ["PYENV_VERSION"] = ":".join(
            sorted(wanted, key=lambda version: not version.startswith(CURRENT))
        )


open_pyenv()


def group(name: str) -> list[str]:
    """Give what a dependency group of pyproject.toml asks for."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def lowest(requirements: list[str]) -> list[str]:
    """Give requirements with their lower bounds as the only versions."""
    return [each.replace(">=", "==") for each in requirements]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the suite in parallel, but for what takes long, and what the session `types` runs; arguments choose tests."""
    session.install(".[all]", *group("test"), *group("guides"))
    quick = ["-n", WORKERS, "-m", "not long", "--ignore=tests/typing"]
    session.run("pytest", SAME_EXAMPLES, *(session.posargs or quick))


@nox.session(name="lowest", python="3.11")
def lowest_dependencies(session: nox.Session) -> None:
    """Run the suite on the lowest dependencies that pyproject.toml allows, and see that it reaches the code.

    Coverage, of branches too, is measured here, so that `nox` alone is faster. What takes long is left out:
    it strains the code, and CI runs it once, on the newest dependencies.
    """
    extras = PYPROJECT["project"]["optional-dependencies"]
    bounds = [*PYPROJECT["project"]["dependencies"]]
    bounds += [each for name in extras for each in extras[name] if not each.startswith("scenario-async[")]
    session.install(*lowest(bounds), *group("test"))
    session.install("--no-deps", ".")
    # aiohttp 3.11 leaves a TLS transport to the garbage collector when a session closes; 3.12 closes it.
    unclosed = [
        "-W",
        "ignore:unclosed transport:ResourceWarning",
        "-W",
        "ignore:unclosed <socket:ResourceWarning",
    ]
    session.run(
        "pytest",
        SAME_EXAMPLES,
        *unclosed,
        *(session.posargs or ["-n", WORKERS, "-m", "not any_versions and not long", *COVERAGE]),
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with both checkers, that wrong calls are errors in both, and that every public name has a type."""
    session.install(".[all]", "nox", *group("types"))
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))
    # It fails under 100 %, and takes the Python of the PATH, whatever `--pythonpath` says.
    session.run("pyright", "--verifytypes", "scenario_async", "--ignoreexternal")
    session.run("mypy")
    session.run("pytest", "tests/typing")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that each part of the code imports only parts below it."""
    session.install(".[all]", *group("layers"))
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; warnings are errors."""
    session.install(".[all]", *group("docs"))
    shutil.rmtree("docs/_build", ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the pictures of the documentation anew; needs Chromium."""
    session.install(".[all]", *group("screenshots"))
    for name in ("picture", "sheet", "screenshots"):
        session.run("python", f"docs/{name}.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure side by side with the official SDK: `--docs` writes the page, `--check` fails on ratios that got worse."""
    session.install(".[all]", *group("bench"))
    session.run("python", "tests/benchmarks/run.py", *session.posargs)
    if "--check" not in session.posargs:
        session.run("python", "tests/benchmarks/emulating.py")


@nox.session
def soak(session: nox.Session) -> None:
    """Search for a minute through faults and cancellations; nothing may be lost or left over."""
    session.install(".[all]", *group("test"))
    session.run("python", "tests/soak/soak.py", *(session.posargs or ["--seconds", "60"]))


@nox.session
def kills(session: nox.Session) -> None:
    """Kill exports at 50 random moments for each format; each file is that of an uninterrupted run."""
    session.install(".[all]", *group("test"))
    session.run("python", "tests/export/killing.py", *session.posargs)


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Feed what comes from outside to the rooms that read it, led by coverage; by default 30 seconds for each."""
    session.install(".[all]", *group("test"), *group("fuzz"))
    session.run("python", "tests/fuzzing/fuzz.py", *session.posargs)
