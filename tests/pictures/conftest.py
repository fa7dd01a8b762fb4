"""Both clients, behind the same face."""

from flow.conftest import connect, serve

__all__ = ["connect", "serve"]
