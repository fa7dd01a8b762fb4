"""Texts that do not print, what may be one, and the header that they become."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from scenario_async.errors import ConfigurationError

TokenSource: TypeAlias = Callable[[], str | Awaitable[str]]
"""A callable, plain or async, that gives a token."""


class Secret:
    """A text that does not print; `in_plain_text` is it."""

    __slots__ = ("in_plain_text",)

    def __init__(self, text: str) -> None:
        self.in_plain_text: str = text

    def __repr__(self) -> str:
        return "Secret(…)"


def basic_authorization(key: Secret, secret: Secret) -> str:
    """Give the header value of HTTP Basic, in UTF-8."""
    pair = f"{key.in_plain_text}:{secret.in_plain_text}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")


def api_key(value: str | Secret | None) -> Secret | None:
    """Take the key of a pair."""
    return _secret(value, "api_key")


def api_secret(value: str | Secret | None) -> Secret | None:
    """Take the secret of a pair."""
    return _secret(value, "api_secret")


def bearer_auth(value: str | Secret | TokenSource | None) -> Secret | TokenSource | None:
    """Take a token without its scheme, or what gives tokens."""
    if callable(value):
        return value
    token = _secret(value, "bearer_auth")
    if token is not None and begins_with_scheme(token.in_plain_text):
        rule = "begins with `Bearer `, which is put before it anyway; pass the token alone"
        raise ConfigurationError(f"bearer_auth {rule}", parameter="bearer_auth")
    return token


def begins_with_scheme(token: str) -> bool:
    """Tell whether a token brings the word that is put before it."""
    return token[:7].lower() == "bearer "


def _secret(value: str | Secret | None, parameter: str) -> Secret | None:
    """Take a key, secret or token, which no message shows."""
    if value is None or isinstance(value, Secret):
        return value
    fault = ""
    if not isinstance(cast("object", value), str):
        fault = f"is a {type(value).__name__}, but it must be a str"
    elif value != value.strip():
        fault = "has a blank or a line break around it, perhaps from a file that ends in one; pass it without"
    elif not value.isprintable():  # which lone surrogates are not either
        fault = "holds a line break or another character that no header can carry"
    if fault:
        raise ConfigurationError(f"{parameter} {fault}", parameter=parameter)
    return Secret(value)
