"""Look-ups of names."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from scenario_async._support.threads import in_thread


class Resolver(AbstractResolver):
    """Looks names up in a thread for each: asyncio's own executor ends before those do who make calls."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a host, as `getaddrinfo` orders them."""
        found = await in_thread(
            lambda: socket.getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            ),
            "look-up",
        )
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host, host=_scoped(address), port=port, family=kind, proto=protocol, flags=numeric
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Do nothing: no thread outlives its look-up."""


def _scoped(address: tuple[Any, ...]) -> str:
    """Give an address as a text, of a link-local one with its interface."""
    if len(address) == 4 and address[3]:  # noqa: PLR2004 - IPv6: host, port, flow, scope
        return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
    return str(address[0])
