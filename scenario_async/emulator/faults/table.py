"""Every fault by its name, and what a table of them says."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from scenario_async.emulator.faults import broken, files, instead, pages
from scenario_async.emulator.faults.base import Fault, Ok

_TYPES: Final[Sequence[type[Fault]]] = (
    Ok,
    instead.Status,
    instead.Hang,
    instead.Drop,
    broken.Half,
    broken.Truncated,
    broken.Drip,
    instead.Html,
    instead.NotJson,
    instead.ErrorBody,
    instead.GzipBomb,
    instead.Redirect,
    instead.ExpiredToken,
    instead.PlanLimit,
    pages.Shift,
    pages.RepeatedPage,
    pages.Total,
    pages.MissingField,
    pages.UnknownFields,
    files.ExpiredUrl,
    files.NoRanges,
    files.Changed,
    files.WrongType,
)

FAULTS: Final[Mapping[str, type[Fault]]] = {fault.name: fault for fault in _TYPES}
"""Each fault by the name that scripts use."""


@attrs.frozen
class Description:
    """A fault as a table shows it: its name, the options it takes, and what it does in one line."""

    name: str
    options: tuple[str, ...]
    help: str


def described() -> list[Description]:
    """Describe every fault, for a help text or a table."""
    return [
        Description(
            name,
            tuple(field.replace("_", "-") for field in attrs.fields_dict(fault)),
            (fault.__doc__ or "").partition("\n")[0],
        )
        for name, fault in FAULTS.items()
    ]
