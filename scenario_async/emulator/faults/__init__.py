"""Faults on demand: what can go wrong between a client and the service.

Each fault is a value; `FAULTS` has them all by the names that scripts use, and `described` describes them.
"""

from scenario_async.emulator.faults.base import Call, Fault, Ok
from scenario_async.emulator.faults.broken import Drip, Half, Truncated
from scenario_async.emulator.faults.files import Changed, ExpiredUrl, NoRanges, WrongType
from scenario_async.emulator.faults.instead import (
    Drop,
    ErrorBody,
    ExpiredToken,
    GzipBomb,
    Hang,
    Html,
    NotJson,
    PlanLimit,
    Redirect,
    Status,
)
from scenario_async.emulator.faults.pages import MissingField, RepeatedPage, Shift, Total, UnknownFields
from scenario_async.emulator.faults.plan import FaultPlan
from scenario_async.emulator.faults.table import FAULTS, Description, described

__all__ = [
    "FAULTS",
    "Call",
    "Changed",
    "Description",
    "Drip",
    "Drop",
    "ErrorBody",
    "ExpiredToken",
    "ExpiredUrl",
    "Fault",
    "FaultPlan",
    "GzipBomb",
    "Half",
    "Hang",
    "Html",
    "MissingField",
    "NoRanges",
    "NotJson",
    "Ok",
    "PlanLimit",
    "Redirect",
    "RepeatedPage",
    "Shift",
    "Status",
    "Total",
    "Truncated",
    "UnknownFields",
    "WrongType",
    "described",
]
