"""Addresses that expire, signed as the service's content delivery signs its own."""

import json
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha512
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

_KEY_PAIR: Final = "K2EMULATOR0000"
_REFUSAL: Final = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>'


class Signatures:
    """Signs addresses for so many seconds, and tells which of them still open a picture.

    What is signed is the address up to a wildcard, `{address}?p=100*`: parameters may be appended, and nothing else.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.time) -> None:
        if not seconds > 0:
            raise ValueError(f"urls_expire_after must be a number of seconds above 0, not {seconds!r}")
        self._seconds = seconds
        self._clock = clock
        self.expire_all()

    def expire_all(self) -> None:
        """Let every address that was signed so far expire now."""
        self._key = secrets.token_bytes(32)

    def signed(self, address: str) -> str:
        """Give an address without a query, signed."""
        resource = f"{address}?p=100*"
        until = round(self._clock() + self._seconds, 3)
        statement = {"Resource": resource, "Condition": {"DateLessThan": {"AWS:EpochTime": until}}}
        policy = _packed(json.dumps({"Statement": [statement]}, separators=(",", ":")).encode())
        query = f"p=100&Policy={policy}&Signature={self._signature(policy)}&Key-Pair-Id={_KEY_PAIR}"
        return f"{address}?{query}"

    def open(self, address: str) -> bool:
        """Tell whether an address, as it was asked for, is signed and has not expired."""
        given = parse_qs(address.partition("?")[2])
        policy, signature = given.get("Policy", [""])[0], given.get("Signature", [""])[0]
        if not compare_digest(signature.encode(), self._signature(policy).encode()):
            return False
        statement = json.loads(_unpacked(policy))["Statement"][0]
        until = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
        return address.startswith(statement["Resource"].removesuffix("*")) and self._clock() < until

    def _signature(self, policy: str) -> str:
        return _packed(digest(self._key, policy.encode(errors="replace"), sha512))


def access_denied() -> web.Response:
    """Make the refusal of an address that is not signed, or has expired."""
    return web.Response(
        status=403, text=_REFUSAL, content_type="text/xml", headers={"x-cache": "Error from cloudfront"}
    )


def _packed(content: bytes) -> str:
    return b64encode(content, b"-~").decode().replace("=", "_")


def _unpacked(text: str) -> bytes:
    return b64decode(text.replace("_", "="), b"-~")
