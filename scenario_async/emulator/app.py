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
from scenario_async.emulator.bulk import asked_ids, found_assets
from scenario_async.emulator.delivery import deliver
from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.faults.base import Call, Fault, Ok
from scenario_async.emulator.faults.chance import Chance
from scenario_async.emulator.faults.plan import FaultPlan
from scenario_async.emulator.faults.script import Target
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import read_search
from scenario_async.emulator.quota import Quota
from scenario_async.emulator.replies import Dropped, compress, encoded_reply, json_reply
from scenario_async.emulator.signatures import Signatures, access_denied

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
    signatures: Signatures | None = None

    def application(self, pictures_at: Callable[[], str] | None = None) -> web.Application:
        """Make the application of the API; one serves one run.

        `pictures_at` gives the origin that serves the pictures; without it, they are served beside the API.
        """
        application = self._application()
        for kind in KINDS:
            answer = partial(self._search, kind, pictures_at)
            application.router.add_post(f"/v1/search/{kind}", self._route(answer))
        bulk = self._route(partial(self._bulk, pictures_at))
        application.router.add_post("/v1/assets/get-bulk", bulk)
        return application if pictures_at is not None else self._with_pictures(application)

    def delivery(self) -> web.Application:
        """Make the application that serves the pictures, and nothing else."""
        return self._with_pictures(self._application())

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._unrouted])
        application[_STOPPING] = asyncio.Event()
        application.on_shutdown.append(_stop)
        return application

    def _with_pictures(self, application: web.Application) -> web.Application:
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
            body = await read_json(request)
            record.body, record.size = body.value, body.size
        finally:
            self.requests.append(record)
        return body.complaint

    async def _search(
        self, kind: Kind, pictures_at: Callable[[], str] | None, arrived: _Arrived
    ) -> web.Response:
        """Answer a search with whatever is to go wrong with it."""

        async def find(fault: Fault) -> web.Response:
            return await self._find(kind, arrived, fault, _origin(arrived.request, pictures_at))

        return await self._answer(kind, arrived, find, self.chance.fault)

    async def _answer(
        self,
        target: Target,
        arrived: _Arrived,
        answer: Callable[[Fault], Awaitable[web.Response]],
        otherwise: Callable[[], Fault | None] = lambda: None,
    ) -> web.Response:
        """Answer with the fault that is planned for such a request, if there is one."""
        fault = self.faults.take(target) or otherwise() or Ok()
        if not isinstance(fault, Ok):
            arrived.record.fault = fault.name
        pause = partial(_pause, arrived.request.app[_STOPPING])
        # Pictures are not delayed: they come from a network of caches.
        delay = self.chance.delay() if target != "pictures" else 0.0
        if delay and not await pause(delay):
            return Dropped()
        return await fault.answer(Call(arrived.request, partial(answer, fault), pause))

    async def _find(self, kind: Kind, arrived: _Arrived, fault: Fault, origin: str) -> web.Response:
        """Answer a search, which the fault may change before and after."""
        original = self._admitted(arrived)
        asked = read_search(arrived.record.body, SCHEMAS[kind])
        question = Question(
            kind=kind, asked=asked, origin=origin, original=original, signatures=self.signatures
        )
        if isinstance(fault, Ok):
            return encoded_reply(await self.answers.encoded(question))
        # The page says what was asked for, wherever a fault makes the search look.
        return json_reply(fault.telling(await self.answers.found(question, fault.asking(asked))))

    async def _bulk(self, pictures_at: Callable[[], str] | None, arrived: _Arrived) -> web.Response:
        """Answer with assets by their ids."""

        async def find(_: Fault) -> web.Response:
            original = self._admitted(arrived)
            ids = asked_ids(arrived.record.body)
            assets = found_assets(
                self.library,
                ids,
                origin=_origin(arrived.request, pictures_at),
                original=original,
                signatures=self.signatures,
            )
            return json_reply({"assets": assets})

        return await self._answer("get-bulk", arrived, find)

    def _admitted(self, arrived: _Arrived) -> bool:
        """Check who asks and what the URL says, and tell whether original pictures are asked for."""
        self.access.check(arrived.request.headers.get("Authorization", ""))
        original = self._read_url(arrived.request)
        if arrived.complaint:
            raise bad_request(f"The body is not JSON: {arrived.complaint}")
        return original

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
        """Answer with a picture, whoever asks, if the address has not expired."""
        request = arrived.request

        async def find(fault: Fault) -> web.Response:
            address = f"{request.scheme}://{request.host}{request.raw_path}"
            signed = self.signatures if not request.path.startswith("/thumbnails/") else None
            if signed is not None and not signed.open(address):
                return access_denied()
            return await deliver(self.library, request, fault)

        return await self._answer("pictures", arrived, find)


def _origin(request: web.Request, pictures_at: Callable[[], str] | None) -> str:
    return f"{request.scheme}://{request.host}" if pictures_at is None else pictures_at()


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
