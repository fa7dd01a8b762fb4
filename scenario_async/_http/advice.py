"""What to look at when the service refuses a request: words that an error of a status adds to the service's own."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Final

import aiohttp

from scenario_async._http.signing import refuses_credentials
from scenario_async._support.loading import LOADING
from scenario_async._support.logger import log
from scenario_async._support.secret import Secret
from scenario_async.errors import APIStatusError

if TYPE_CHECKING:
    from scenario_async._http.request import Request
    from scenario_async.errors import APIError
    from scenario_async.settings import Settings

_LONGEST_HEADER: Final = 8190
"""Bytes of one header that most servers take."""
_VERSIONED: Final = r"/v\d+(/|$)"


def advice(error: APIError, settings: Settings, request: Request, signed_with: Secret | None = None) -> str:
    """Give what the caller may have to change, or nothing where the service's own words say enough.

    What goes wrong in here costs the advice, and never the error.
    """
    try:
        return _advice(error, settings, request, signed_with)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the error is worth more
        log(logging.DEBUG, "no advice could be given: %s", type(fault).__name__)
        return ""


def _advice(error: APIError, settings: Settings, request: Request, signed_with: Secret | None) -> str:
    if isinstance(error.__cause__, aiohttp.ClientConnectorError):
        return _address(error.__cause__, settings)
    if not isinstance(error, APIStatusError) or not (error.headers or error.body):
        return ""
    if error.status_code in {400, 431, 494} and (too_long := _too_long(settings, request, signed_with)):
        return f"{too_long} is longer than the {_LONGEST_HEADER:,} bytes that most servers take"
    if error.status_code == 400 and request.search is not None:  # noqa: PLR2004
        with LOADING:
            from scenario_async._http.refused import meant  # noqa: PLC0415 - only a refusal has need of it
        return meant(request.search, error.message)
    if error.status_code == 404 and not re.search(_VERSIONED, settings.base_url):  # noqa: PLR2004
        named = "base_url, or SCENARIO_BASE_URL where you pass none,"
        return f"{named} names no version of the API: is it {settings.base_url}/v1?"
    return _credentials(settings) if refuses_credentials(error) else ""


def _too_long(settings: Settings, request: Request, signed_with: Secret | None) -> str:
    """Give what was longer than a header may be."""
    for name, value in request.headers.items():
        if len(value.encode()) > _LONGEST_HEADER:
            return f"the header {name}"
    if signed_with is None or len(signed_with.in_plain_text) <= _LONGEST_HEADER:
        return ""
    keys = "api_key and api_secret" if settings.api_key is not None else "bearer_auth"
    return f"the header Authorization, which is made of {keys},"


def _address(error: aiohttp.ClientConnectorError, settings: Settings) -> str:
    """Tell which variable an address came from where nothing was reached, or no certificate was trusted."""
    authorities = os.environ.get("SSL_CERT_FILE", "") if settings.ssl is None else ""
    if isinstance(error, aiohttp.ClientSSLError) and authorities and not os.path.exists(authorities):  # noqa: PTH110
        return f"the variable SSL_CERT_FILE names {authorities!r}, which is not there"
    given = os.environ.get("SCENARIO_BASE_URL", "").rstrip("/")
    return "the address is that of the variable SCENARIO_BASE_URL" if given == settings.base_url else ""


def _credentials(settings: Settings) -> str:
    if settings.api_key is not None:
        return "check api_key and api_secret, or SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET, which are used where you pass none"
    if isinstance(settings.bearer_auth, Secret):
        return "check bearer_auth, or SCENARIO_SDK_JWT; a token lives about a minute, so better pass a function that gives a new one"
    if settings.bearer_auth is not None:
        return "check the tokens that bearer_auth gives"
    return "check the Authorization header in default_headers"
