"""What the page may ask for, by name: each answer is JSON, an error in words among them, or a file."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async.errors import ScenarioError
from scenario_async.explore.asking import Question, mapping, paged, search_class_of, texts
from scenario_async.explore.code import program_of_picks, programs_of
from scenario_async.explore.conditions import added, condition
from scenario_async.explore.picks import downloaded, exported
from scenario_async.explore.words import told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from pathlib import Path

    from scenario_async.client import AsyncScenario
    from scenario_async.explore.finds import Finds
    from scenario_async.explore.meter import Meter
    from scenario_async.explore.picks import Exported
    from scenario_async.models import Hit

MOST_BYTES: Final = 20 * 2**20
"""The largest body: a picture that was dropped."""


@attrs.frozen(eq=False)
class Desk:
    """Answers the page, with the client that it searches with."""

    client: AsyncScenario
    meter: Meter
    folder: Path
    finds: Finds

    async def answer(self, name: str, body: bytes) -> dict[str, Any]:
        """Give the answer to what is asked under a name; an error is told in words."""
        ask = self._asks().get(name)
        if ask is None:
            return {"error": {"what": "The explorer does not know this.", "message": name[:80]}}
        asked: dict[str, Any] = {}
        try:
            if name == "picture":
                return {"id": self.finds.pictures.keep(body)}
            asked = _object(body)
            return {**await ask(asked), "quota": self.meter.state()}
        except ScenarioError as error:
            return {"error": told(error, self._filter(asked)), "quota": self.meter.state()}

    def _asks(self) -> Mapping[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]]:
        return {
            "search": self._search,
            "quota": self._quota,
            "condition": self._condition,
            "code": self._code,
            "hits": self._hits,
            "reason": self._reason,
            "picked-code": self._picked_code,
            "picture": self._quota,
        }

    def _filter(self, asked: Mapping[str, Any]) -> str | None:
        try:
            return self._question(asked).filter
        except ScenarioError:
            return None

    def _question(self, asked: Mapping[str, Any]) -> Question:
        return Question(asked, self.finds.pictures.travelling)

    async def _search(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        question = self._question(asked)
        search = paged(question.search(), asked.get("next"))
        page = await self.client.search.run(search)
        self.finds.keep(page.hits)
        return {
            "hits": self.finds.told(page.hits),
            "next": page.next_page_info(),
            "total": page.estimated_total_hits if page.total_hits is None else page.total_hits,
            "filter": search.filter or "",
            "sort": question.sort,
        }

    async def _quota(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    async def _condition(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        parts = {
            name: _text(asked.get(name)) for name in ("attribute", "operator", "value", "join", "filter")
        }
        more = condition(parts["attribute"].strip(), parts["operator"], parts["value"])
        return {"filter": added(parts["filter"], more, parts["join"])}

    async def _code(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"programs": programs_of(self._question(asked).search())}

    def _picked(self, asked: Mapping[str, Any]) -> list[Hit]:
        """Give the hits that are named, of one class: that of the search the page shows."""
        hit_class = search_class_of(asked).hit_class
        hits = [hit for hit in self.finds.hits(texts(asked.get("ids"))) if isinstance(hit, hit_class)]
        if not hits:
            raise ScenarioError("nothing is picked that was found since the explorer started")
        return hits

    async def _hits(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        hit_class = search_class_of(asked).hit_class
        hits = [hit for hit in self.finds.hits(texts(asked.get("ids"))) if isinstance(hit, hit_class)]
        return {"hits": self.finds.told(hits)}

    async def _reason(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"reason": self.finds.reason(_text(asked.get("id")))}

    async def _picked_code(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"programs": {"Python": program_of_picks(self._picked(asked), search_class_of(asked).kind)}}

    async def export(self, body: bytes) -> Exported | dict[str, Any]:
        """Give picks as a file, or an error in words."""
        try:
            asked = _object(body)
            return await exported(self._picked(asked), _text(asked.get("format")), self.client)
        except ScenarioError as error:
            return {"error": told(error)}

    async def download(self, body: bytes) -> AsyncGenerator[dict[str, Any]]:
        """Download the files of picks, telling of each."""
        try:
            downloading = downloaded(self._picked(_object(body)), self.folder, self.client)
            async with aclosing(downloading):
                async for each in downloading:
                    yield each
        except ScenarioError as error:
            yield {"error": told(error)}


def _object(body: bytes) -> dict[str, Any]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
