"""The emulator's web application: routes, what it records, and how it answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias
from uuid import uuid4

import attrs
from aiohttp import web

from scenario_async.emulator.access import Access
from scenario_async.emulator.answers import Answers, Question
from scenario_async.emulator.arrivals import RecordedRequest, RequestLog
from scenario_async.emulator.attributes import KINDS, SCHEMAS, Kind
from scenario_async.emulator.bodies import MAX_BODY_BYTES, read_json
from scenario_async.emulator.delivery import deliver
from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.faults.base import Call, Fault, Ok
from scenario_async.emulator.faults.chance import Chance
from scenario_async.emulator.faults.plan import FaultPlan
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import read_search
from scenario_async.emulator.quota import Quota
from scenario_async.emulator.replies import Dropped, compress, encoded_reply, json_reply

_STOPPING: Final = web.AppKey("stopping", asyncio.Event)
_log = logging.getLogger(__name__)
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@attrs.frozen
class _Arrived:
    """A request, its entry in the log, and what is wrong with its body's JSON."""

    request: web.Request
    record: RecordedRequest
    complaint: str


_Answer: TypeAlias = Callable[[_Arrived], Awaitable[web.Response]]


@attrs.frozen(kw_only=True)
class Service:
    """What the routes share."""

    library: Library
    access: Access
    quota: Quota | None
    faults: FaultPlan
    chance: Chance
    answers: Answers
    requests: RequestLog

    def application(self) -> web.Application:
        """Make the application; one serves one run."""
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._unrouted])
        application[_STOPPING] = asyncio.Event()
        application.on_shutdown.append(_stop)
        for kind in KINDS:
            application.router.add_post(f"/v1/search/{kind}", self._route(partial(self._search, kind)))
        for folder in ("assets", "assets-transform", "thumbnails"):
            application.router.add_get(f"/{folder}/{{id}}", self._route(self._picture))
        return application

    @web.middleware
    async def _unrouted(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Give what has no route the shape of the other refusals."""
        refusal = request.match_info.http_exception
        if refusal is None:
            return await handler(request)

        async def refuse(_: _Arrived) -> web.Response:
            raise _service_error(refusal)

        return await self._route(refuse)(request)

    def _route(self, answer: _Answer) -> _Handler:
        """Record each request, name it in its reply, and give every refusal its shape."""

        async def handle(request: web.Request) -> web.Response:
            request_id = uuid4().hex
            record = RecordedRequest(request.method, request.path, request.query, request.headers, None)
            try:
                complaint = await self._arrive(request, record)
                response = await answer(_Arrived(request, record, complaint))
            except web.HTTPException as error:
                response = _refusal(_service_error(error), request_id)
            except ServiceError as error:
                response = _refusal(error, request_id)
            except Exception:  # noqa: BLE001 - a server answers whatever happens to it
                _log.exception("the emulator failed on %s %s", request.method, request.path)
                response = _refusal(ServiceError(500, "Internal server error"), request_id)
            finally:
                record.over = True
            compress(response, request.headers.get("Accept-Encoding", ""))
            response.headers["x-request-id"] = request_id
            record.status = None if isinstance(response, Dropped) else response.status
            return response

        return handle

    async def _arrive(self, request: web.Request, record: RecordedRequest) -> str:
        """Record a request and its body, and give what is wrong with the body's JSON."""
        try:
            record.body, complaint = await read_json(request)
        finally:
            self.requests.append(record)
        return complaint

    async def _search(self, kind: Kind, arrived: _Arrived) -> web.Response:
        """Answer a search with whatever is to go wrong with it."""
        request = arrived.request
        fault = self.faults.take(kind) or self.chance.fault() or Ok()
        if not isinstance(fault, Ok):
            arrived.record.fault = fault.name
        pause = partial(_pause, request.app[_STOPPING])
        delay = self.chance.delay()
        if delay and not await pause(delay):
            return Dropped()
        return await fault.answer(Call(request, partial(self._find, kind, arrived, fault), pause))

    async def _find(self, kind: Kind, arrived: _Arrived, fault: Fault) -> web.Response:
        """Answer a search, which the fault may change before and after."""
        request = arrived.request
        self.access.check(request.headers.get("Authorization", ""))
        original = self._read_url(request)
        if arrived.complaint:
            raise bad_request(f"The body is not JSON: {arrived.complaint}")
        asked = read_search(arrived.record.body, SCHEMAS[kind])
        origin = f"{request.scheme}://{request.host}"
        question = Question(kind=kind, asked=asked, origin=origin, original=original)
        if isinstance(fault, Ok):
            return encoded_reply(await self.answers.encoded(question))
        # The page says what was asked for, wherever a fault makes the search look.
        return json_reply(fault.telling(await self.answers.found(question, fault.asking(asked))))

    def _read_url(self, request: web.Request) -> bool:
        """Check the URL's parameters and the project's quota, and tell whether original pictures are asked for."""
        project_id = request.query.get("projectId", self.library.project_id)
        if project_id != self.library.project_id:
            raise ServiceError(403, f"No access to the project {project_id}")
        if self.quota is not None:
            self.quota.admit(project_id)
        original = request.query.get("originalAssets", "false")
        if original not in {"true", "false"}:
            raise bad_request('"originalAssets" must be a boolean')
        return original == "true"

    async def _picture(self, arrived: _Arrived) -> web.Response:
        return await deliver(self.library, arrived.request)


async def _stop(application: web.Application) -> None:
    application[_STOPPING].set()


async def _pause(stopping: asyncio.Event, seconds: float | None) -> bool:
    """Wait, for ever if need be, and tell whether the emulator still serves."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
    return not stopping.is_set()


def _refusal(error: ServiceError, request_id: str) -> web.Response:
    response = json_reply(error.body(request_id), status=error.status)
    response.headers.update(error.headers)
    return response


def _service_error(error: web.HTTPException) -> ServiceError:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return ServiceError(error.status, error.reason, headers=headers)
