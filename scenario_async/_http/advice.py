"""What to look at when the service refuses a request: words that an error of a status adds to the service's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scenario_async._http.signing import refuses_credentials
from scenario_async._support.secret import Secret
from scenario_async.errors import APIStatusError

if TYPE_CHECKING:
    from scenario_async._http.request import Request
    from scenario_async.errors import APIError
    from scenario_async.settings import Settings

_LONGEST_HEADER: Final = 8190
"""Bytes of one header that most servers take."""
_VERSIONED: Final = r"/v\d+(/|$)"


def advice(error: APIError, settings: Settings, request: Request) -> str:
    """Give what the caller may have to change, or nothing where the service's own words say enough."""
    if not isinstance(error, APIStatusError) or not (error.headers or error.body):
        return ""
    too_long = [name for name, value in request.headers.items() if len(value) > _LONGEST_HEADER]
    if error.status_code in {400, 431, 494} and too_long:
        return f"the header {too_long[0]} is longer than the {_LONGEST_HEADER:,} bytes that most servers take"
    if error.status_code == 404 and not re.search(_VERSIONED, settings.base_url):  # noqa: PLR2004
        named = "base_url, or SCENARIO_BASE_URL where you pass none,"
        return f"{named} names no version of the API: is it {settings.base_url}/v1?"
    return _credentials(settings) if refuses_credentials(error) else ""


def _credentials(settings: Settings) -> str:
    if settings.api_key is not None:
        return "check api_key and api_secret, or SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET, which are used where you pass none"
    if isinstance(settings.bearer_auth, Secret):
        return "check bearer_auth, or SCENARIO_SDK_JWT; a token lives about a minute, so better pass a function that gives a new one"
    if settings.bearer_auth is not None:
        return "check the tokens that bearer_auth gives"
    return "check the Authorization header in default_headers"
