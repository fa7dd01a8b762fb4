"""Answers to searches: found, put in the service's shape, and kept for whoever asks the same again."""

import asyncio
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async.emulator.attributes import Kind
from scenario_async.emulator.engine import is_long, search, takes_long
from scenario_async.emulator.hits import hit_of
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import SearchRequest
from scenario_async.emulator.replies import encoded
from scenario_async.emulator.rules import Engine

if TYPE_CHECKING:
    from collections.abc import Hashable

    from scenario_async.emulator.signatures import Signatures

_KEPT: Final = 128
_KEPT_BYTES: Final = 2**18


@attrs.frozen(kw_only=True)
class Question:
    """A search as it was asked; `origin`, `original` and `signatures` say what addresses its hits are to have."""

    kind: Kind
    asked: SearchRequest
    origin: str
    original: bool
    signatures: "Signatures | None" = None


class Answers:
    """What a library answers; one that it gave is given again for as long as the library stays as it is."""

    def __init__(self, library: Library, max_total_hits: int, engine: Engine) -> None:
        self._library = library
        self._engine = engine
        self._max_total_hits = max_total_hits
        self._known: OrderedDict[Hashable, bytes] = OrderedDict()

    async def encoded(self, question: Question) -> bytes:
        """Give the body of the reply."""
        if question.signatures is not None:  # addresses that expire are not given again
            return encoded(await self.found(question, question.asked))
        key = (question, self._library.state)
        content = self._known.get(key)
        if content is None:
            content = encoded(await self.found(question, question.asked))
        asked = question.asked
        long = asked.by_picture or is_long(asked.filter) or is_long(asked.query or "")
        if len(content) <= _KEPT_BYTES and not long:
            self._known[key] = content
            self._known.move_to_end(key)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return content

    async def found(self, question: Question, sought: SearchRequest) -> dict[str, Any]:
        """Give the reply with what is found for a search, whatever was asked; its hits belong to the library."""
        kind = question.kind
        work = partial(
            search, self._library, kind, sought, max_total_hits=self._max_total_hits, engine=self._engine
        )
        page = await asyncio.to_thread(work) if takes_long(self._library, kind, sought) else work()
        hits = [
            hit_of(
                record,
                kind,
                origin=question.origin,
                original=question.original,
                signatures=question.signatures,
            )
            for record in page.records
        ]
        asked = question.asked.window
        shown = attrs.evolve(asked, offset=min(asked.offset, self._max_total_hits))  # as engines say it
        return attrs.evolve(page, window=shown).envelope(hits)
