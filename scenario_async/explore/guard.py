"""Who may speak with the explorer: the page that it gave away itself, and nobody else."""

from __future__ import annotations

from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOST: Final = "127.0.0.1"
"""The only address that it listens at, and the only name that it answers to."""
_FROM_HERE: Final = frozenset({"same-origin", "none"})
"""What browsers say of a request that the page makes, or that somebody typed into the address bar."""


@attrs.frozen
class Guard:
    """The token that an address begins with, and the port that it is at."""

    port: int
    _token: str = attrs.field(factory=lambda: token_urlsafe(24), repr=False)

    @property
    def origin(self) -> str:
        """What the page's own requests name as their origin."""
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> str:
        """The address that opens the page: who has it may search."""
        return f"{self.origin}/{self._token}/"

    def admitted(self, path: str, headers: Callable[[str], Sequence[str]]) -> str | None:
        """Give the rest of a path that begins with the token, for a request that the page itself makes; None otherwise.

        A page of somebody else may reach this port through a name of its own (`Host`), or make the browser ask in the
        reader's name (`Origin`, `Sec-Fetch-Site`).
        """
        token, slash, rest = path.removeprefix("/").partition("/")
        known = compare_digest(token.encode(errors="replace"), self._token.encode())
        expected = (("Host", [f"{HOST}:{self.port}"]),)
        optional = (("Origin", {self.origin}), ("Sec-Fetch-Site", _FROM_HERE))
        if any(list(headers(name)) != values for name, values in expected):
            return None
        if any(not set(headers(name)) <= values for name, values in optional):
            return None
        return rest if known and slash else None
