"""Texts that do not print, and the header that they become."""

from __future__ import annotations

import base64


class Secret:
    """A text that does not print; `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


def basic_authorization(key: Secret, secret: Secret) -> str:
    """Give the header value of HTTP Basic, in UTF-8."""
    pair = f"{key.reveal()}:{secret.reveal()}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")
