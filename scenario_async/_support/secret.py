"""Texts that do not print, and the header that they become."""

from __future__ import annotations

import base64


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
