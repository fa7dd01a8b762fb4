"""The logger of this package, and `SCENARIO_LOG`, which shows its records."""

from __future__ import annotations

import logging
import os
from typing import Any, Final

LOG: Final = logging.getLogger("scenario_async")
LOG.addHandler(logging.NullHandler())


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
