"""The logger of this package, and `SCENARIO_LOG`, which shows its records."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from functools import cache
from typing import Any, Final

from scenario_async.errors import redact

LOG: Final = logging.getLogger("scenario_async")
LOG.addHandler(logging.NullHandler())
_LEVELS: Final = ("INFO", "DEBUG")
_SILENT: Final = ("", "OFF")


def log(level: int, text: str, *parts: object, **more: Any) -> None:  # noqa: ANN401
    """Tell something; what a filter of the program's own raises is not to break a call."""
    with suppress(Exception):
        LOG.log(level, text, *parts, stacklevel=2, **more)


def set_up_logging() -> None:
    """Show records on standard error, if `SCENARIO_LOG` is `info` or `debug`.

    Another word changes nothing but for one line that says so: no program is to fail over a wish for log lines.
    """
    word = os.environ.get("SCENARIO_LOG", "").strip()
    level = word.upper()
    if level in _LEVELS:
        LOG.setLevel(level)
        LOG.addHandler(_HANDLER)  # which a logger takes once
    elif level not in _SILENT:
        _refuse(word)


@cache
def _refuse(word: str) -> None:
    """Tell, once for each, of a word that is no level; also where nobody shows the records of this package."""
    shown = redact(word[:40])
    text = "SCENARIO_LOG is %r, but it must be info (each call) or debug (each retry as well); it changes nothing"
    log(logging.WARNING, text, shown)
    with suppress(Exception):
        if _HANDLER not in LOG.handlers and LOG.isEnabledFor(logging.WARNING):
            _HANDLER.handle(LOG.makeRecord(LOG.name, logging.WARNING, __file__, 0, text, (shown,), None))


class _StandardError(logging.Handler):
    """Writes to whatever `sys.stderr` is by then, unless the program's own handlers get the record anyway."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # it may be closed, full, or anything else that was put in its place
            if sys.stderr is not None and not _is_handled(record):
                sys.stderr.write(self.format(record) + "\n")
                sys.stderr.flush()


def _is_handled(record: logging.LogRecord) -> bool:
    """Tell whether a handler of the program takes a record; asked each time, as programs set up logging late."""
    logger: logging.Logger | None = LOG
    while logger is not None:
        for handler in logger.handlers:
            if record.levelno >= handler.level and not isinstance(
                handler, (_StandardError, logging.NullHandler)
            ):
                return True
        logger = logger.parent if logger.propagate else None
    return False


_HANDLER: Final = _StandardError()
_HANDLER.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
