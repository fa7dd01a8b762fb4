"""The lock of imports on first use."""

from __future__ import annotations

import os
import threading
from typing import Final

LOADING: Final = threading.RLock()
"""Held while something is imported on first use. Forks wait for it: a child that came from the middle of an import would
wait for ever for the lock of that module, which a thread of its parent holds.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOADING.acquire, after_in_parent=LOADING.release, after_in_child=LOADING.release
    )
