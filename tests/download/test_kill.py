"""A process that is killed in the middle, again and again: nothing is torn, nothing is there twice."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from download.running import digest, library
from support.programs import environment

from scenario_async import Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 60
PROGRAM = """
import sys
from {module} import {client}
{imports}

import scenario_async._downloads.picture as picture
picture._BUFFER = 256  # so that parts grow piece by piece

{body}
"""
SYNC = PROGRAM.format(
    module="scenario_async",
    client="Scenario",
    imports="",
    body="""
with Scenario() as client:
    page = client.search.asset_search(filter='kind = "image"', limit=100)
    for item in client.download(page.hits, sys.argv[1], name="{kind}", concurrency=4):
        print(item.status, flush=True)
""",
)
ASYNC = PROGRAM.format(
    module="scenario_async",
    client="AsyncScenario",
    imports="import asyncio",
    body="""
async def main():
    async with AsyncScenario() as client:
        page = await client.search.asset_search(filter='kind = "image"', limit=100)
        async for item in client.download(page.hits, sys.argv[1], name="{kind}", concurrency=4):
            print(item.status, flush=True)

asyncio.run(main())
""",
)


def check(folder: Path, true: dict[str, str]) -> int:
    """Hold what is there to what the pictures are, and tell how many there are."""
    found: dict[str, str] = {}
    for path in folder.iterdir():
        if path.name == "manifest.jsonl" or re.fullmatch(r"[0-9a-f]{32}\.part", path.name):
            continue
        sha256 = digest(path.read_bytes())
        assert sha256 in true.values(), f"{path.name} is torn"
        assert sha256 not in found, f"{path.name} and {found[sha256]} are the same"
        found[sha256] = path.name
    return len(found)


@pytest.mark.long
@pytest.mark.parametrize(("program", "seed"), [(SYNC, 1), (ASYNC, 2)], ids=["sync", "async"])
def test_it_goes_on_after_a_kill_at_any_moment(program: str, seed: int, tmp_path: Path) -> None:
    """Each run gets further or stays; the last one has every picture once, and the manifest agrees."""
    chance = random.Random(seed)
    emulator = Emulator(library(COUNT, side=20), urls_expire_after=3600)
    # All are of one kind, so that names collide, and no two files have the same bytes.
    emulator.faults.repeat("drip pause=0.01 size=200, half, ok", kind="pictures")
    folder = tmp_path / "pictures"
    with emulator.running() as base_url:
        with Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client:
            page = client.search.asset_search(filter='kind = "image"', limit=100)
            truth = Emulator(emulator.library)
            with truth.running() as other, client.with_options(base_url=other) as quiet:
                plain = quiet.search.asset_search(filter='kind = "image"', limit=100)
                true = {
                    item.hit.id: str(item.sha256) for item in quiet.download(plain.hits, tmp_path / "true")
                }
        assert len(set(true.values())) == len(page.hits) == COUNT
        there, kills = 0, 0
        for _ in range(60):
            process = subprocess.Popen(
                [sys.executable, "-c", program, str(folder)],
                env=environment(base_url),
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            with process:
                # From the first file on, and so that there is something to be killed in the middle of.
                process.stdout.readline()
                time.sleep(chance.uniform(0, 0.15))
                process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
            if folder.exists():
                before, there = there, check(folder, true)
                assert there >= before
            if there == COUNT:
                break
        emulator.faults.clear()
        command = [sys.executable, "-c", program, str(folder)]
        done = subprocess.run(command, env=environment(base_url), capture_output=True, text=True, check=True)
    assert kills >= 3
    assert set(done.stdout.split()) <= {"saved", "present"}
    assert check(folder, true) == COUNT
    lines = [
        json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    last = {line["id"]: line for line in lines if line["status"] == "saved"}
    assert {id_: line["sha256"] for id_, line in last.items()} == true
    assert {line["path"] for line in last.values()} == {
        path.name for path in folder.iterdir() if path.name != "manifest.jsonl"
    }
