"""Fuzzing led by coverage, with atheris: `python tests/fuzzing/fuzz.py [TARGET ...] [--seconds N]`.

Each target runs in a process of its own for N seconds. An input that breaks one is printed as a literal, to be
pasted into `REGRESSIONS`, and the exit code is 1; without atheris it is 2.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

TESTS: Final = Path(__file__).parents[1]
NO_ATHERIS: Final = 2
_LIMITS: Final = ("-timeout=20", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1")


def main() -> int:
    """Run the targets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=30, metavar="N")
    parser.add_argument(
        "--alone", type=Path, metavar="DIRECTORY", help="stay in this process, and work there"
    )
    given = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: there are wheels for Linux on x86-64 and Python 3.11 to 3.13")
        return NO_ATHERIS
    if given.alone:
        return alone(given.targets[0], given.alone, given.seconds)
    known = list(importlib.import_module("fuzzing.targets").TARGETS)
    if unknown := set(given.targets) - set(known):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    broken = [name for name in given.targets or known if not holds(name, given.seconds)]
    print(f"broken: {', '.join(broken)}" if broken else "all targets held")
    return 1 if broken else 0


def holds(name: str, seconds: int) -> bool:
    """Run a target in a process of its own; tell whether it held, and print what broke it."""
    with TemporaryDirectory() as directory:
        print(f"{name}: {seconds} s", flush=True)
        command = [sys.executable, __file__, name, "--seconds", str(seconds), "--alone", directory]
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        if done.returncode == 0:
            facts = [line for line in done.stderr.splitlines() if "exec" in line and "stat::" in line]
            print("  " + "; ".join(fact.removeprefix("stat::") for fact in facts))
            return True
        found = sorted(Path(directory).glob("found-*"))
        print(done.stdout[-8000:] if found else done.stdout + done.stderr)
        for each in found:
            print(f"{each.name}, as a regression:\n    ({name!r}, {each.read_bytes()!r}),")
    return False


def alone(name: str, directory: Path, seconds: int) -> int:
    """Run a target here until its time is over or it breaks; libFuzzer ends the process then."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["scenario_async"]):
        target = importlib.import_module("fuzzing.targets").TARGETS[name]
    corpus = directory / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={directory}/found-", *_LIMITS]
    if target.words:
        words = directory / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
        options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.run)
    atheris.Fuzz()
    return 0


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
