"""structlog: the SDK's records through the processors that the program's own events go through."""

import logging
import sys

import structlog

from scenario_async import Scenario

shared = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
]
structlog.configure(
    processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
)
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(
    structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            *shared,
            structlog.stdlib.ExtraAdder(allow=["status", "attempts", "request_id", "elapsed"]),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )
)
logging.basicConfig(handlers=[handler], level=logging.WARNING)
for name in ("scenario_async", "report"):
    logging.getLogger(name).setLevel(logging.INFO)
report = structlog.get_logger("report")

with Scenario() as client, structlog.contextvars.bound_contextvars(job="nightly"):
    page = client.search.asset_search(query="knight", limit=1)
    report.info("searched", hits=len(page.hits))
