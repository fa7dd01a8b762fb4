"""`scenario-async scan`: the group of the scans."""

from __future__ import annotations

from typing import Final

import click

from scenario_async.cli.search import Kinds

_EXAMPLES: Final = """\b
Examples:
  scenario-async scan assets --where kind=image --output images.parquet
  scenario-async scan assets knight | jq .id
  scenario-async scan models --where type=custom --output models.csv --resume
"""


class _Scans(Kinds):
    module = "scanning"


@click.group(cls=_Scans, epilog=_EXAMPLES)
def scan() -> None:
    """Read every hit of a search, past what engines show of it."""
