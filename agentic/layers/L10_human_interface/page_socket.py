"""The socket of a page: frames of fragments, and a word when the page should rather load itself again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qsl

import structlog
from fastapi import WebSocket

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.connection import Socket, whole_number
from agentic.layers.L10_human_interface.hub import Subscription
from agentic.layers.L10_human_interface.settings import L10Settings
from agentic.layers.L10_human_interface.views.catalogue import Views
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site

log = structlog.get_logger()

PAUSE: Final = 0.05
BUSY_PAUSE: Final = 0.1
BUSY: Final = 200
"""Events per second above which frames come at `BUSY_PAUSE`."""
TICK: Final = 1.0
IDLE_TICK: Final = 5.0
"""Seconds between two looks at what changes with time: after events, and without any."""
AGAIN: Final = 1.0
LONGEST_MESSAGE: Final = 4096


class Wish(NamedTuple):
    """What a page wants to be sent, and the number by which it knows that it asked for it."""

    view: View
    after: int | None
    sequence: int


class Frames:
    """The content of one frame after the other. What changes with time is made ready beside the rows, not before them."""

    def __init__(self, view: View, made: Callable[[], None]) -> None:
        self._view = view
        self._made = made
        """Called when something is ready that no event announces."""
        self._sent: dict[str, str] = {}
        self._fresh: list[str] = []
        self._making: asyncio.Task[None] | None = None
        self._looked = float("-inf")
        self._looked_at = -1

    async def content(self, events: list[FeedEvent], position: int) -> str:
        """What these events changed, what was told, and what changed with time since; empty when that is nothing."""
        self._look(position)
        changes = await self._view.changes(events) if events else []
        fresh, self._fresh = self._fresh, []
        return "".join((*changes, *self._view.told(), *fresh))

    def _look(self, position: int) -> None:
        clock = asyncio.get_running_loop().time()
        due = TICK if position != self._looked_at else IDLE_TICK
        if self._making is None and clock - self._looked >= due:
            self._looked, self._looked_at = clock, position
            self._making = asyncio.create_task(self._make())

    async def _make(self) -> None:
        try:
            tick = await self._view.tick()
            self._fresh = [text for name, text in tick.items() if self._sent.get(name) != text]
            self._sent.update(tick)
        except PlatformError as error:
            log.warning("a page's figures wait for the data layer", error=str(error))
        finally:
            self._making = None
        if self._fresh:
            self._made()

    def end(self) -> None:
        """Makes nothing more."""
        if self._making is not None:
            self._making.cancel()


class PageSocket(Socket):
    """One page. It has one frame in flight, and says when it painted it."""

    def __init__(
        self, websocket: WebSocket, settings: L10Settings, site: Site, views: Views, query: dict[str, str]
    ) -> None:
        super().__init__(websocket, settings)
        self._hub = site.hub
        self._l01 = site.l01
        self._views = views
        self._wish = self._wished(query.get("view", ""), query, query)
        self._changed = asyncio.Event()
        self._acknowledged = asyncio.Event()
        self._number = 0
        self._spoke = 0.0

    def _wished(self, view: str, fields: Mapping[str, Any], filters: Mapping[str, str]) -> Wish:
        after = whole_number("after", fields.get("after"))
        sequence = whole_number("sequence", fields.get("sequence")) or 0
        return Wish(self._views.open(view, filters), after, sequence)

    def heard(self, text: str) -> None:
        """An acknowledgement, or the wish for another view.

        Raises:
            InvalidError: it is neither.
        """
        message = jsonio.decode(text) if len(text) <= LONGEST_MESSAGE else None
        if not isinstance(message, dict):
            raise InvalidError.of(("message", f"not a JSON object of at most {LONGEST_MESSAGE} characters"))
        fields = cast("dict[str, Any]", message)
        if fields.get("ack") == self._number:
            self._acknowledged.set()
        elif "view" in fields:
            filters = dict(parse_qsl(str(fields.get("query") or "")))
            self._wish = self._wished(str(fields["view"]), fields, filters)
            self._changed.set()

    async def send_all(self) -> None:
        """Serves one wish after the other."""
        while True:
            self._changed.clear()
            serving = asyncio.create_task(self._serve(self._wish))
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait((serving, changed), return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    serving.result()
                    await changed  # The page was told to load itself again, and comes back with a wish.
            finally:
                serving.cancel()
                changed.cancel()
                await asyncio.gather(serving, changed, return_exceptions=True)

    async def _serve(self, wish: Wish) -> None:
        await self._hub.started.wait()
        with self._hub.subscribed(wish.view.wanted) as subscription:
            async with wish.view.shown(subscription.ready.set):
                missed = await self._missed(wish, subscription.position)
                if missed is not None:
                    await self._follow(wish, subscription, missed)
        await self._say(wish, reset=True)

    async def _missed(self, wish: Wish, position: int) -> list[FeedEvent] | None:
        """What came between the page's position and now; none when that is too much, or the log is another one."""
        if wish.after is None or wish.after == position:
            return []
        if wish.after > position:  # The page was made from what the hub has yet to see, or from another log.
            return [] if await self._l01.events.head() >= wish.after else None
        if position - wish.after > self._settings.replay_limit:
            return None
        pages = self._hub.missed(wish.after, wish.view.wanted)
        return [event async for page in pages for event in page if event.position <= position]

    async def _follow(self, wish: Wish, subscription: Subscription, events: list[FeedEvent]) -> None:
        """Frame after frame; returns when the page is too far behind."""
        frames = Frames(wish.view, subscription.ready.set)
        try:
            await self._frame_after_frame(wish, subscription, events, frames)
        finally:
            frames.end()

    async def _frame_after_frame(
        self, wish: Wish, subscription: Subscription, events: list[FeedEvent], frames: Frames
    ) -> None:
        loop = asyncio.get_running_loop()
        floor = wish.after or 0
        begun = loop.time()
        while not subscription.behind:
            position = subscription.position
            events += [event for event in subscription.take() if event.position > floor]
            try:
                content = await frames.content(events, position)
            except PlatformError as error:
                log.warning("a page waits for the data layer", error=str(error))
                await asyncio.sleep(AGAIN)
                continue
            if content:
                busy = len(events) > BUSY * max(loop.time() - begun, PAUSE)
                begun = loop.time()
                await self._frame(wish, position, len(events), content)
                await asyncio.sleep(begun + (BUSY_PAUSE if busy else PAUSE) - loop.time())
            elif loop.time() - self._spoke >= self._settings.ping_interval:
                await self._say(wish, position=position)
            events = []
            await _ready(subscription)

    async def _frame(self, wish: Wish, position: int, count: int, content: str) -> None:
        """Sends a frame and returns when the page has painted it, however long that takes; it is pinged meanwhile."""
        self._acknowledged.clear()
        self._number += 1
        await self._say(wish, number=self._number, position=position, count=count, content=content)
        while True:
            try:
                async with asyncio.timeout(self._settings.ping_interval):
                    await self._acknowledged.wait()
                return
            except TimeoutError:
                await self._say(wish, position=position)

    async def _say(self, wish: Wish, **fields: Any) -> None:
        self._spoke = asyncio.get_running_loop().time()
        await self.deliver(jsonio.encode({"sequence": wish.sequence, **fields}).decode())


async def _ready(subscription: Subscription) -> None:
    """Returns when there are events, or time has passed."""
    try:
        async with asyncio.timeout(TICK):
            await subscription.ready.wait()
    except TimeoutError:
        pass
