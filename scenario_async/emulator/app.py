"""The emulator's web application: routes, authentication, what it records and how it refuses."""

import asyncio
import binascii
import json
import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import uuid4

import attrs
from aiohttp import web

from scenario_async.emulator.attributes import KINDS, SCHEMAS, Kind
from scenario_async.emulator.engine import search
from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.hits import hit_of
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import read_search

MAX_BODY_BYTES: Final = 6 * 2**20

_log = logging.getLogger(__name__)
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@attrs.frozen
class RecordedRequest:
    """A request as it arrived; `body` is the decoded JSON, or None when there was none or it was not JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Any


@attrs.frozen(kw_only=True)
class Access:
    """Who is let in."""

    api_key: str
    api_secret: str
    bearer_tokens: frozenset[str]

    def check(self, authorization: str) -> None:
        """Refuse what is neither the key pair (401) nor a known token (403)."""
        scheme, _, credentials = authorization.partition(" ")
        match scheme.lower():
            case "basic" if self._is_key_pair(credentials.strip()):
                return
            case "bearer" if credentials.strip() in self.bearer_tokens:
                return
            case "bearer":
                # What an expired token gets from the gateway in front of the service.
                headers = {"x-amzn-errortype": "AccessDeniedException"}
                raise ServiceError(403, "The bearer token is unknown or has expired", headers=headers)
            case _:
                raise ServiceError(401, "Unauthorized")

    def _is_key_pair(self, credentials: str) -> bool:
        try:
            return b64decode(credentials, validate=True).decode() == f"{self.api_key}:{self.api_secret}"
        except (binascii.Error, UnicodeDecodeError):
            return False


@attrs.frozen(kw_only=True)
class Service:
    """What the routes share."""

    library: Library
    access: Access
    max_total_hits: int
    requests: list[RecordedRequest]

    def application(self) -> web.Application:
        """Make the application; one serves one run."""
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._answer])
        for kind in KINDS:
            application.router.add_post(f"/v1/search/{kind}", self._searching(kind))
        for folder in ("assets", "assets-transform", "thumbnails"):
            application.router.add_get(f"/{folder}/{{id}}", self._picture)
        return application

    @web.middleware
    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Record the request, name it in the reply, and give every refusal its shape."""
        request_id = uuid4().hex
        try:
            await self._record(request)
            response = await handler(request)
        except web.HTTPException as error:
            response = _refusal(_service_error(error), request_id)
        except ServiceError as error:
            response = _refusal(error, request_id)
        except Exception:  # noqa: BLE001 - a server answers whatever happens to it
            _log.exception("the emulator failed on %s %s", request.method, request.path)
            response = _refusal(ServiceError(500, "Internal server error"), request_id)
        response.headers["x-request-id"] = request_id
        return response

    async def _record(self, request: web.Request) -> None:
        body: Any = None
        try:
            body, _ = _decoded(await request.read())
        finally:
            self.requests.append(
                RecordedRequest(request.method, request.path, request.query, request.headers, body)
            )

    def _searching(self, kind: Kind) -> _Handler:
        schema = SCHEMAS[kind]

        async def handle(request: web.Request) -> web.Response:
            self.access.check(request.headers.get("Authorization", ""))
            original = self._read_url(request)
            body, fault = _decoded(await request.read())
            if fault:
                raise bad_request(f"The body is not JSON: {fault}")
            asked = read_search(body, schema)
            work = partial(search, self.library, kind, asked, max_total_hits=self.max_total_hits)
            page = await asyncio.to_thread(work) if asked.by_picture else work()
            origin = f"{request.scheme}://{request.host}"
            hits = [hit_of(record, kind, origin=origin, original=original) for record in page.records]
            return web.json_response(page.envelope(hits))

        return handle

    def _read_url(self, request: web.Request) -> bool:
        """Check the URL's parameters, and tell whether original pictures are asked for."""
        project_id = request.query.get("projectId", self.library.project_id)
        if project_id != self.library.project_id:
            raise ServiceError(403, f"No access to the project {project_id}")
        original = request.query.get("originalAssets", "false")
        if original not in {"true", "false"}:
            raise bad_request('"originalAssets" must be a boolean')
        return original == "true"

    async def _picture(self, request: web.Request) -> web.Response:
        """Serve a picture to whoever has its address, as the service's content delivery does."""
        asset_id = request.match_info["id"]
        picture = self.library.picture(asset_id)
        if picture is None:
            raise ServiceError(404, f"Asset {asset_id} not found, or the emulator has no content for it")
        from scenario_async.emulator.pictures import encoded  # noqa: PLC0415 - it loads Pillow

        content = await asyncio.to_thread(encoded, picture)
        return web.Response(body=content, content_type=picture.mime_type)


def _decoded(content: bytes) -> tuple[Any, str]:
    """Give the JSON value of a body, or None and what is wrong with it."""
    try:
        return json.loads(content), ""
    except ValueError as error:
        return None, str(error)
    except RecursionError:
        return None, "it nests too deeply"


def _refusal(error: ServiceError, request_id: str) -> web.Response:
    return web.json_response(error.body(request_id), status=error.status, headers=error.headers)


def _service_error(error: web.HTTPException) -> ServiceError:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return ServiceError(error.status, error.reason, headers=headers)
