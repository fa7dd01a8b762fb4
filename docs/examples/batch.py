"""A batch: searches from a CSV file, hits into a file of JSON lines, failures into another."""

import asyncio
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scenario_async import AssetSearch, AsyncScenario, FanOutError, InvalidSearchError, RateLimit


def searches(path: Path) -> Iterator[AssetSearch]:
    """Read a row at a time, so that the file may be long."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                yield AssetSearch(query=row["query"] or None, filter=row.get("filter") or None)
            except InvalidSearchError as error:
                print("left out:", error, file=sys.stderr)


async def main(source: Path, target: Path, failures: Path) -> None:
    done: Counter[str] = Counter()
    async with AsyncScenario(rate_limit=RateLimit(requests=100, per=60.0)) as client:
        items = client.search.fan_out(searches(source), concurrency=4, max_hits=100, on_error="yield")
        with target.open("w", encoding="utf-8") as hits, failures.open("w", encoding="utf-8") as failed:
            async for item in items:
                query = item.search.query
                if isinstance(item, FanOutError):
                    done["failed"] += 1
                    failed.write(json.dumps({"query": query, "error": str(item.error)}) + "\n")
                else:
                    done[query or ""] += 1
                    hits.write(json.dumps({"query": query, **item.hit.to_dict()}) + "\n")
    for name, count in sorted(done.items()):
        print(f"{name}: {count}")


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:4])))
