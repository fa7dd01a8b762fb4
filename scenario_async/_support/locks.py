"""Locks that end with their process."""

from __future__ import annotations


def locked(file: int) -> bool:
    """Lock an open file, `BlockingIOError` if somebody else has it; False where there are no locks.

    The lock ends when the file is closed, or with the process.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems have none
        return False
    return True
