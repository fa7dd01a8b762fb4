"""`--dry-run`: the request that a search would send first, and nothing sent."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._http.request import PreparedSearch
from scenario_async._paging.position import Position
from scenario_async.errors import ConfigurationError
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from scenario_async._http.request import Request
    from scenario_async.models import Hit
    from scenario_async.searches import Search

FORMS: Final = ("json", "curl")
_SHOWN: Final = ("accept", "user-agent", "content-type")
_HIDDEN: Final = "…"
_PICTURE: Final = re.compile(r"(data:image/[\w.+-]+;base64,)[A-Za-z0-9+/=]+")


def shown(search: Search[Hit], form: str) -> str:
    """Give the request as JSON, with keys hidden and pictures cut; or as a line for curl that can be run.

    That line names the variables of the keys in place of the keys.
    """
    settings, is_token = _settings()
    position = Position.first(search, default_size=None)
    request = PreparedSearch.of(search, settings).at(position.members())
    return _curl(request, is_token=is_token) if form == "curl" else _json(request, is_token=is_token)


def _settings() -> tuple[Settings, bool]:
    """Give the settings of the environment, and whether it signs with a token; keys may be missing."""
    try:
        settings = Settings.of({})
    except ConfigurationError as error:
        if error.parameter:
            raise
        settings = Settings.of({"api_key": _HIDDEN, "api_secret": _HIDDEN})
    return settings, settings.api_key is None and settings.bearer_auth is not None


def _headers(request: Request) -> dict[str, str]:
    return {name: value if name in _SHOWN else _HIDDEN for name, value in request.headers.items()}


def _body(request: Request) -> Any:  # noqa: ANN401
    return json.loads(request.body or b"null")


def _json(request: Request, *, is_token: bool) -> str:
    scheme = "Bearer" if is_token else "Basic"
    told = {
        "method": request.method,
        "url": request.url,
        "headers": {"authorization": f"{scheme} {_HIDDEN}"} | _headers(request),
        "body": _without_pictures(_body(request)),
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _without_pictures(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _PICTURE.sub(lambda found: f"{found[1]}{_HIDDEN} ({len(found[0]):,} characters)", value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _without_pictures(each) for name, each in members.items()}
    if isinstance(value, list):
        several = cast("list[Any]", value)  # type: ignore[redundant-cast]
        return [_without_pictures(each) for each in several]
    return value


def _curl(request: Request, *, is_token: bool) -> str:
    # In double quotes, so that the shell puts the keys in.
    signed = (
        '-H "Authorization: Bearer $SCENARIO_SDK_JWT"'
        if is_token
        else '-u "$SCENARIO_SDK_API_KEY:$SCENARIO_SDK_API_SECRET"'
    )
    lines = [f"curl -X {request.method} {shlex.quote(request.url)}", signed]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(request).items()]
    lines.append(f"--data-raw {shlex.quote(json.dumps(_body(request), ensure_ascii=False))}")
    return " \\\n  ".join(lines)
