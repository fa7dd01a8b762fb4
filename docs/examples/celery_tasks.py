"""Celery: searches in prefork workers, with one client for each process and one quota for all."""

import os
import tempfile
from pathlib import Path
from typing import Any

from celery import Celery

from scenario_async import APIError, Scenario
from scenario_async.limiters import ProcessRateLimit

QUOTA_FILE = os.environ.get("QUOTA_FILE", str(Path(tempfile.gettempdir()) / "scenario-quota"))

app = Celery("pictures", broker=os.environ.get("BROKER_URL", "redis://localhost/0"))
app.conf.result_backend = os.environ.get("RESULT_URL", "redis://localhost/1")

# Made before Celery forks: each process opens its own connections, the quota's file is theirs together.
client = Scenario(rate_limit=ProcessRateLimit(QUOTA_FILE, requests=100, per=60.0), deadline=120)


@app.task(bind=True, max_retries=5)
def find(self: Any, about: str) -> dict[str, Any]:
    try:
        page = client.search.asset_search(query=about, limit=5)
    except APIError as error:
        if not error.retryable:
            raise
        # The client has tried again by itself; from now on Celery's queue does.
        raise self.retry(exc=error, countdown=getattr(error, "retry_after", None) or 60) from error
    return {"pid": os.getpid(), "assets": [hit.id for hit in page.hits]}
