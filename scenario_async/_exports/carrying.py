"""Long work that ends in a file: carried out step by step, with what is told of it, and what is kept if it ends early."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from scenario_async._support.lifetimes import ClosedOnce
from scenario_async._support.logger import log
from scenario_async.errors import APIError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")
_Progress = TypeVar("_Progress")


class Carried(ClosedOnce, Generic[_Result, _Progress]):
    """Work under way: `open` it, `advance` until that gives None, which is when `result` is there, `aclose` it."""

    result: _Result
    a_work: ClassVar[str]
    the_work: ClassVar[str]
    """What it is called, in a sentence of its own and within one."""

    def __init__(self, on_progress: Callable[[_Progress], object] | None) -> None:
        self._on_progress = on_progress

    @abstractmethod
    async def open(self) -> None:
        """Find out where to begin, or to go on."""

    @abstractmethod
    async def advance(self) -> _Progress | None:
        """Go on until there is something to tell; None at the end."""

    @abstractmethod
    def kept(self) -> str:
        """Tell what is kept, and how to go on; nothing where there is nothing to tell."""

    async def carried_out(self) -> _Result:
        """Carry out all of it."""
        try:
            await self.open()
            while (progress := await self.advance()) is not None:
                self.tell(progress)
        except BaseException as error:
            try:
                await self.aclose()
            finally:
                self.explain(error)
            raise
        await self.aclose()
        return self.result

    def tell(self, progress: _Progress) -> None:
        """Tell the one who asked for it how far it is."""
        if self._on_progress is not None:
            self._on_progress(progress)

    def explain(self, error: BaseException) -> None:
        """Let an error, or an interrupt, say what is kept and how to go on, once that is settled."""
        kept = self.kept()
        if not kept:
            return
        log(logging.WARNING, "%s ended early: %s", self.a_work, kept)
        if isinstance(error, APIError):
            error.hint = f"{error.hint}; {kept}" if error.hint else kept
        elif isinstance(error, WriteError):
            error.message = f"{error.message}; {kept}"
            error.args = (error.message,)
        elif isinstance(error, (KeyboardInterrupt, SystemExit, asyncio.CancelledError)):
            error.add_note(f"{self.the_work} ended early: {kept}")
