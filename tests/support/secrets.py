"""What must never be shown, and all that an error shows to those who look closely."""

from __future__ import annotations

import pickle
import re
import traceback
from typing import TYPE_CHECKING, Any

from scenario_async import AssetSearch

if TYPE_CHECKING:
    from types import TracebackType

KEY, SECRET, TOKEN = "key-S3CR3T", "pair-S3CR3T", "token-S3CR3T"
PICTURE = "data:image/png;base64,UzNDUjNUcGljdHVyZQ=="
SIGNED = "https://cdn.example/a.png?Policy=policy-S3CR3T&Signature=signature-S3CR3T"
PROXY_USERINFO = "user-S3CR3T:password-S3CR3T"

_ENCODED = (
    "a2V5LVMzQ1IzVDpwYWlyLVMzQ1IzVA",  # the key pair as Basic
    "dXNlci1TM0NSM1Q6cGFzc3dvcmQtUzNDUjNU",  # the proxy's user and password as Basic
    "UzNDUjNUcGljdHVyZQ",  # the picture
)
_SHOWN = re.compile("|".join((r"[\w.-]*S3CR3T[\w.-]*", *_ENCODED)), re.IGNORECASE)

CLIENT: dict[str, Any] = {
    "api_key": KEY,
    "api_secret": SECRET,
    "default_headers": {"x-own": "header-S3CR3T"},
    "default_query": {"own": "query-S3CR3T"},
}
"""Keywords of a client that is full of secrets."""


def search(**params: Any) -> AssetSearch:
    """Give a search that is full of secrets."""
    given: dict[str, Any] = {
        "query": "q",
        "image": PICTURE,
        "extra_headers": {"x-more": "more-S3CR3T"},
        "extra_query": {"token": "extra-S3CR3T"},
        "extra_body": {"note": "body-S3CR3T"},
        **params,
    }
    return AssetSearch(**given)


def leaks(shown: object) -> list[str]:
    """Give what of the secrets a text (or what an object prints) shows."""
    return _SHOWN.findall(shown if isinstance(shown, str) else f"{shown!r} {shown!s}")


def everything_told(error: BaseException, *, pickled: bool = True) -> str:
    """Give all that loggers and error trackers take from an error: texts, arguments, causes, frames and locals.

    The frames of tests are left out: they hold the secrets on purpose.
    """
    told: list[str] = []
    links: list[BaseException] = [error]
    seen: set[int] = set()
    while links:
        link = links.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        told += [str(link), repr(link), repr(link.args), *getattr(link, "__notes__", ())]
        told += _frames(link.__traceback__)
        links += [each for each in (link.__cause__, link.__context__) if each is not None]
    told += traceback.format_exception_only(error)
    if pickled:
        told.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(told)


def _frames(trace: TracebackType | None) -> list[str]:
    """Give the locals of all frames but the tests' own, as `capture_locals` shows them."""
    summary = traceback.StackSummary.extract(traceback.walk_tb(trace), capture_locals=True)
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}: {frame.locals}"
        for frame in summary
        if "/tests/" not in frame.filename
    ]
