"""Exports that are killed at random moments and go on, until they come to their end.

    python tests/export/killing.py --kills 50 --hits 50000 --seed 1

Prints a line for each format, and exits with 1 and a sentence where a file is another than that of an uninterrupted run,
or where more was asked for again than the pages that were under way.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

HERE = Path(__file__).parent
sys.path[:0] = [] if str(HERE.parent) in sys.path else [str(HERE.parent)]

from support.hits import asset  # noqa: E402 - it is found only now
from support.servers import Answer, Server, paged, serving  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.servers import Arrived

FORMATS = ("jsonl", "json", "csv", "parquet", "arrow", "sqlite")
PREFETCH = 2
UNDER_WAY = PREFETCH + 1
"""The page that is put away, and those that are asked for ahead of it."""
_SEEN = b'"seen at"'


@attrs.frozen
class Killed:
    """What became of an export that was killed."""

    kills: int
    in_the_last_pass: int
    asked_again: int
    breaches: list[str]


class Exporter:
    """A process that exports in children, and a server for them."""

    def __init__(self, process: subprocess.Popen[str], server: Server, folder: Path) -> None:
        self._process = process
        self.server = server
        self._folder = folder

    def start(self, path: Path, **options: Any) -> int:
        """Begin an export, and give its pid."""
        told = {"base_url": self.server.base_url, "path": str(path), "options": {"resume": True, **options}}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return int(self._said())

    def end(self) -> int:
        """Wait for its end, and give what it ended with."""
        return int(self._said())

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def whole(self, format: str) -> tuple[bytes, float]:
        """Export without a kill; give the bytes and the seconds that it took."""
        path = self._folder / f"whole.{format}"
        began = time.monotonic()
        self.start(path)
        assert self.end() == 0
        return path.read_bytes(), time.monotonic() - began

    def killed(self, format: str, kills: int, chance: random.Random) -> Killed:
        """Export with so many kills, and compare with what comes without."""
        expected, seconds = self.whole(format)
        self.server.requests.clear()
        done = in_the_last_pass = 0
        breaches: list[str] = []
        run = again = 0
        while done < kills:
            path = self._folder / f"killed-{run}.{format}"
            self.server.requests.clear()
            ended, here = False, 0
            while not ended:
                pid = self.start(path)
                if done < kills:
                    self._wait(pid, path, seconds, chance, late=done % 3 == 2)
                    with suppress(ProcessLookupError):  # it has come to its end
                        os.kill(pid, signal.SIGKILL)
                code = self.end()
                ended = code == 0
                if code == -signal.SIGKILL:
                    done, here = done + 1, here + 1
                    in_the_last_pass += _grows(path)
                    if path.exists() and path.read_bytes() != _as_seen(path, expected, format):
                        breaches.append(f"{format}: a file that is not whole, after kill {done}")
                    # Killed when all was done: one that goes on with nothing begins anew.
                    ended = path.exists() and not path.with_name(path.name + ".journal").exists()
                elif code:
                    breaches.append(f"{format}: it ended with {code}")
                    ended = True
            breaches += self._compared(path, expected, here, format)
            again += self._asked_again()
            run += 1
        return Killed(done, in_the_last_pass, again, breaches)

    def _wait(self, pid: int, path: Path, seconds: float, chance: random.Random, *, late: bool) -> None:
        """Wait for a random moment: anywhere in what there may be to do, or, if it is to be `late`, in the last pass."""
        if not late:
            time.sleep(chance.random() ** 2 * seconds * 1.05)  # as there is less and less left to do
            return
        with suppress(ProcessLookupError):
            while not _grows(path):
                os.kill(pid, 0)
                time.sleep(0.001)
            time.sleep(chance.random() * seconds * 0.05)

    def _compared(self, path: Path, expected: bytes, kills: int, format: str) -> list[str]:
        breaches: list[str] = []
        if path.read_bytes() != _as_seen(path, expected, format):
            breaches.append(f"{format}: other bytes than those of an uninterrupted run")
        left = [
            each.name
            for each in path.parent.iterdir()
            if each.name.startswith((f"{path.name}.", f".{path.name}"))
        ]
        if left:
            breaches.append(f"{format}: left behind {left}")
        if self._asked_again() > kills * UNDER_WAY:
            breaches.append(f"{format}: {self._asked_again()} pages were asked for again, for {kills} kills")
        return breaches

    def _asked_again(self) -> int:
        bodies = [request.body for request in self.server.requests]
        counts = Counter(body.get("offset") for body in bodies if body is not None)  # a kill tears some
        return sum(count - 1 for count in counts.values())


def _grows(path: Path) -> bool:
    """Tell whether the file is being made, or was."""
    return any(path.parent.glob(f".{path.name}.*.part"))


def _as_seen(path: Path, expected: bytes, format: str) -> bytes:
    """Give what a database would be that was begun when this one was: that is noted at each of its hits."""
    if format != "sqlite":
        return expected
    import sqlite3  # noqa: PLC0415

    seen: list[str] = []
    for content in (path.read_bytes(), expected):
        with sqlite3.connect(":memory:") as connection:
            connection.deserialize(content)
            [(moment,)] = connection.execute("SELECT DISTINCT first_seen FROM hits").fetchall()
            seen.append(moment)
        connection.close()
    return expected.replace(seen[1].encode(), seen[0].encode())


@contextmanager
def exporting(folder: Path, hits: int, pause: float = 0.0) -> Generator[Exporter]:
    """Run both; the server takes its time for a page."""
    library = [json.dumps(asset(f"asset_{number:07}", score=number / 7)) for number in range(hits)]
    script = paged(cast("Any", library))

    def slow(request: Arrived) -> Answer:
        time.sleep(pause)
        answer = script(request)
        assert isinstance(answer, dict)
        written = ", ".join(answer.pop("hits"))  # once for all pages: exports are killed, and not the server
        return Answer(f'{{"hits": [{written}], {json.dumps(answer)[1:]}'.encode())

    paths = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    with (
        serving(slow) as server,
        subprocess.Popen(
            [sys.executable, str(HERE / "exporting.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        ) as process,
    ):
        try:
            yield Exporter(process, server, folder)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def main() -> int:
    """Kill as often as it is said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="for each format")
    parser.add_argument("--hits", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    one = functools.partial(_of_format, kills=given.kills, hits=given.hits, seed=given.seed)
    breaches: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for each, killed in zip(FORMATS, pool.map(one, FORMATS), strict=True):
            breaches += killed.breaches
            told = f"{killed.kills} kills, {killed.in_the_last_pass} in the last pass"
            print(f"{each:8} {told}, {killed.asked_again} pages asked for again", flush=True)
    for breach in breaches:
        print(f"BREACH: {breach}")
    return 1 if breaches else 0


def _of_format(format: str, kills: int, hits: int, seed: int) -> Killed:
    with tempfile.TemporaryDirectory() as folder, exporting(Path(folder), hits) as exporter:
        return exporter.killed(format, kills, random.Random(f"{format} {seed}"))


if __name__ == "__main__":
    sys.exit(main())
