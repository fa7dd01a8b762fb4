"""structlog: the SDK's records through the same processors as the program's own."""

import logging
import sys

import structlog

from scenario_async import Scenario

handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(
    structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=["status", "attempts", "request_id", "elapsed"]),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )
)
logging.basicConfig(handlers=[handler], level=logging.WARNING)
logging.getLogger("scenario_async").setLevel(logging.INFO)

with Scenario() as client, structlog.contextvars.bound_contextvars(job="nightly"):
    client.search.asset_search(query="knight", limit=1)
