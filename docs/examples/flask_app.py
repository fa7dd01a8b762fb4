"""Flask: one client for all threads of a worker, and one quota for all workers."""

import os
import tempfile
from pathlib import Path

from flask import Flask, Response, jsonify, request

from scenario_async import APIError, DeadlineExceededError, RateLimitError, Scenario
from scenario_async.limiters import ProcessRateLimit

QUOTA_FILE = os.environ.get("QUOTA_FILE", str(Path(tempfile.gettempdir()) / "scenario-quota"))
QUOTA = ProcessRateLimit(QUOTA_FILE, requests=int(os.environ.get("QUOTA", "100")), per=60.0)

app = Flask(__name__)
client = Scenario(rate_limit=QUOTA, deadline=3)


@app.get("/search")
def search() -> Response:
    page = client.search.asset_search(query=request.args.get("about", ""), limit=5)
    return jsonify([hit.id for hit in page.hits])


@app.errorhandler(APIError)
def failed(error: APIError) -> tuple[Response, int]:
    if isinstance(error, RateLimitError | DeadlineExceededError):  # the quota is used up
        return jsonify(error="busy: try again later"), 503
    return jsonify(error="the search failed"), 502
