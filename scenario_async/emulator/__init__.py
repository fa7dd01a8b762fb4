"""Scenario's search API in this process, for tests, demonstrations and work without a network.

It has the semantics of the service (its filter language, its paging, its limits and refusals), so that
any client of the service can be pointed at it.
"""

from scenario_async.emulator import faults
from scenario_async.emulator.arrivals import RecordedRequest, RequestLog
from scenario_async.emulator.library import Library
from scenario_async.emulator.quota import Quota
from scenario_async.emulator.rules import Engine
from scenario_async.emulator.server import Emulator

__all__ = ["Emulator", "Engine", "Library", "Quota", "RecordedRequest", "RequestLog", "faults"]
