"""Logging: a JSON line for each call of the SDK, with what became of it as fields."""

import json
import logging
import sys
from contextlib import suppress

from scenario_async import APIError, Scenario

FIELDS = ("status", "attempts", "request_id", "elapsed", "queued")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"logger": record.name, "message": record.getMessage()}
        return json.dumps(told | {name: vars(record)[name] for name in FIELDS if name in vars(record)})


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonLines())
logging.basicConfig(handlers=[handler], level=logging.WARNING)
logging.getLogger("scenario_async").setLevel(logging.INFO)  # DEBUG tells of each retry as well

with Scenario() as client:
    client.search.asset_search(query="knight", limit=1)
    with suppress(APIError):
        client.search.asset_search(filter="width >=")
