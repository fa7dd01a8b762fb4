"""The logger of this package, and `SCENARIO_LOG`, which shows its records."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import Any, Final

LOG: Final = logging.getLogger("scenario_async")
LOG.addHandler(logging.NullHandler())


def log(level: int, text: str, *parts: object, **more: Any) -> None:  # noqa: ANN401
    """Tell something; what a filter of the program's own raises is not to break a call."""
    with suppress(Exception):
        LOG.log(level, text, *parts, stacklevel=2, **more)


def set_up_logging() -> None:
    """Show records on standard error, if `SCENARIO_LOG` is `info` or `debug`."""
    level = os.environ.get("SCENARIO_LOG", "").upper()
    if level not in ("INFO", "DEBUG"):
        return
    LOG.setLevel(level)
    if not any(isinstance(each, _LogHandler) for each in LOG.handlers):
        handler = _LogHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        LOG.addHandler(handler)


class _LogHandler(logging.StreamHandler[Any]):
    """The handler that `SCENARIO_LOG` puts on this package's logger, at most once."""
