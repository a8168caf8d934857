"""A subscriber at an address of somebody else's: may be slow, fail at one event, fail at all of them, or be gone.

Between aggregates nothing waits. An event that fails is tried again for a day, ever more seldom, and holds up its own aggregate
alone (`lanes.py`). When event after event fails, the other end is not well: nothing more is read from the log, which is the queue, and
one event at a time is tried until one is taken. What fails for a day becomes a dead letter; an end that takes nothing for a day, or
says that it is gone, is switched off and keeps its place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from agentic.layers.base.background import end
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import FeedEvent, event_of
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.dead_letters import DeadLetters
from agentic.layers.L11_integration.delivery_notes import Note, note_of
from agentic.layers.L11_integration.errors import DeliveryError
from agentic.layers.L11_integration.follower import Follower
from agentic.layers.L11_integration.lanes import Held, Lane, Window, lane_of
from agentic.layers.L11_integration.subscription import Patience
from agentic.layers.L11_integration.webhook_sender import Sent

PAGE: Final = 200
STRETCH: Final = 20
"""Events of the log that a lane catches up with at a time."""
AGAIN: Final = 1.0
"""Seconds after which a lane goes on that stopped because the data layer did not answer."""


@dataclass(frozen=True)
class Endurance:
    """How much is on its way at once, and how long what fails is borne."""

    at_once: int
    window: int
    window_bytes: int
    most_held: int
    failures: int
    """Failures one after the other from which on the other end is taken for ill."""
    longest_probe: float
    give_up: float
    """Seconds after which an event that was never taken is given up."""


class WebhookSubscription(Follower):
    """Posts events; `send` makes one attempt, `switch_off` ends all of this for a reason."""

    def __init__(
        self,
        *args: Any,
        send: Callable[[Event], Awaitable[Sent]],
        switch_off: Callable[[str], Awaitable[None]],
        patience: Patience,
        endurance: Endurance,
        letters: DeadLetters,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._send = send
        self._switch_off = switch_off
        self._patience = patience
        self._endurance = endurance
        self._letters = letters
        self._window = Window(endurance.window, endurance.window_bytes)
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._held: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(endurance.at_once)
        self._probing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._over = False

    # -- reading

    @property
    def held(self) -> int:
        """How many aggregates wait behind an event that is tried again."""
        return len(self._held)

    @property
    def read_to(self) -> int:
        """Up to where events were taken from the log."""
        return self._window.read_to

    @property
    def _failing(self) -> bool:
        return self.attempts >= self._endurance.failures

    async def run(self) -> None:
        """Delivers until it is cancelled; what is on its way is then cut off, and comes again."""
        try:
            await super().run()
        finally:
            await end(list(self._tasks))
            self._lanes.clear()
            self._held.clear()

    async def begin(self) -> None:
        """Takes up again what was being tried when the process stopped."""
        self._window = Window(self._endurance.window, self._endurance.window_bytes)
        position = self._window.read_to = self.cursor.position or 0
        cursor: str | None = None
        while True:
            page = await self._client().deliveries.list(
                self.subscriber, status="retrying", order="asc", limit=PAGE, cursor=cursor
            )
            for each in page["items"]:
                if each["position"] <= position:
                    due = datetime.fromisoformat(each["next_at"] or timestamp()).timestamp()
                    held = Held(each["position"], each["event_id"], each["attempts"], each["first_at"], due)
                    lane = Lane(
                        (each["aggregate_type"], each["aggregate_id"]), held=held, passed_over=position
                    )
                    self._held.add(lane.aggregate)
                    self._open(lane)
            if (cursor := page["next_cursor"]) is None:
                return

    async def take(self, event: FeedEvent) -> None:
        """Puts an event that is wanted on its way; waits when too many are."""
        wanted = self.wanted(event)
        while wanted and not self._may_read:
            self._changed.clear()
            await self._changed.wait()
        self._window.read_to = event.position
        if wanted:
            self._enter(event)
        await self._advance(handled=False)

    @property
    def _may_read(self) -> bool:
        return self._window.has_room and not self._failing and self.held < self._endurance.most_held

    def _enter(self, event: FeedEvent) -> None:
        lane = self._lanes.get(lane_of(event))
        if lane is not None and lane.held is not None:
            lane.passed_over = event.position
            return
        self._window.enter(event)
        if lane is None:
            lane = Lane(lane_of(event))
            lane.coming.append(event)
            self._open(lane)
        else:
            lane.coming.append(event)

    async def _advance(self, *, handled: bool) -> None:
        await self.cursor.advance(self._window.done_to, handled=handled)

    # -- one lane

    def _open(self, lane: Lane) -> None:
        self._lanes[lane.aggregate] = lane
        task = asyncio.create_task(self._carry(lane), name=f"L11 {self.name} {lane.aggregate[1]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, lane: Lane) -> None:
        """Delivers what there is of one aggregate, in order, until nothing is left."""
        while (lane.held is not None or lane.coming) and not self._over:
            try:
                await self._step(lane)
            except Exception as error:
                # The data layer does not answer: nothing is lost, since nothing was let go.
                self.failed(error, None)
                await asyncio.sleep(AGAIN)
        self._lanes.pop(lane.aggregate, None)

    async def _step(self, lane: Lane) -> None:
        event = await self._next(lane)
        async with self._turn():
            if self._over:
                return
            sent = await self._send(event)
            self._tell(sent, event)
        if sent.error is None:
            await self._taken(lane, event, sent)
        else:
            await self._refused(lane, event, sent)
        if sent.gone:
            await self._stop("The other end answered 410: it wants nothing more.")

    async def _next(self, lane: Lane) -> Event:
        """What a lane is to deliver; waits until it is worth trying again."""
        if lane.page:
            return lane.page[0]
        if lane.held is None:
            return event_of(lane.coming[0])
        await _until(lane.held.next_at, lane.soon)
        return await self._client().events.get(lane.held.event_id)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """A moment to send: one of a few, or, when the other end is not well, the only one for a while."""
        while True:
            async with self._slots:
                if not self._failing:
                    yield
                    return
            async with self._probing:
                if self._failing:
                    pause = self._patience.pause(self.attempts - self._endurance.failures + 1)
                    await asyncio.sleep(min(pause, self._endurance.longest_probe))
                    yield
                    return

    def _tell(self, sent: Sent, event: Event) -> None:
        """Takes note of how the other end fares."""
        if sent.error is None:
            if self._failing:
                for lane in self._lanes.values():
                    lane.soon.set()
            self.attempts = 0
            self._look()
        else:
            self.attempts += 1
            self.failed(sent.error, event["position"])
            self.status = "failing" if self._failing else "retrying"
        self._changed.set()

    def _look(self) -> None:
        if not self._failing:
            self.status = "retrying" if self.held else "following"

    async def _taken(self, lane: Lane, event: Event, sent: Sent) -> None:
        self.delivered += 1
        note = self._note(lane, event, "delivered", sent)
        if lane.held is None:
            lane.coming.popleft()
            self._letters.notes.later(note)
            await self._let_go(event["position"] or 0)
            return
        if lane.page:
            lane.page.popleft()
        lane.settled.append(note)
        if not lane.page:
            more = await self._following(lane, event["position"] or 0)
            await self._letters.notes.write(*lane.settled, *more)
            lane.settled.clear()

    async def _refused(self, lane: Lane, event: Event, sent: Sent) -> None:
        note = self._note(lane, event, "retrying", sent)
        if self._is_over(note["first_at"]):
            if not self._failing:
                await self._give_up(lane, event, note)
                return
            await self._stop(f"Nothing was taken for {self._endurance.give_up / 3600:g} hours.")
        due = time.time() + self._patience.pause(note["attempts"])
        note["next_at"] = timestamp(datetime.fromtimestamp(due, UTC))
        await self._letters.notes.write(*lane.settled, note)
        lane.settled.clear()
        lane.page.clear()
        lane.soon.clear()
        was_free = lane.held is None
        lane.held = Held(note["position"], event["id"], note["attempts"], note["first_at"], due)
        if was_free:
            await self._hold(lane)

    async def _give_up(self, lane: Lane, event: Event, note: Note) -> None:
        lane.page.clear()
        more = await self._following(lane, note["position"])
        dead = {key: note[key] for key in ("first_at", "code", "duration_ms")}
        await self._letters.park(self, event, note["attempts"], *lane.settled, *more, **dead)
        lane.settled.clear()

    def _note(self, lane: Lane, event: Event, status: str, sent: Sent) -> Note:
        held = lane.held
        known: dict[str, Any] = {}
        if held is not None and held.position == event["position"]:
            known = {"attempts": held.attempts + 1, "first_at": held.first_at}
        what = {"code": sent.code, "duration_ms": sent.milliseconds, "error": sent.error, **known}
        return note_of(self.subscriber, event, status, **what)

    def _is_over(self, first_at: str) -> bool:
        return now() - datetime.fromisoformat(first_at) > timedelta(seconds=self._endurance.give_up)

    async def _hold(self, lane: Lane) -> None:
        """What is noted need not be remembered, and what comes after it is found in the log."""
        self._held.add(lane.aggregate)
        positions = [event.position for event in lane.coming]
        lane.passed_over = positions[-1]
        lane.coming.clear()
        for position in positions:
            self._window.leave(position)
        await self._let_go(positions[0])

    async def _following(self, lane: Lane, position: int) -> list[Note]:
        """What a held lane catches up with next, and the note that it is held at the first of it; without any, the lane is free."""
        while True:
            passed_over = lane.passed_over
            page = await self._page_of(lane, position, passed_over)
            if page:
                lane.page.extend(page)
                first, at = page[0], timestamp()
                lane.held = Held(first["position"] or 0, first["id"], 0, at, time.time())
                return [note_of(self.subscriber, first, "retrying", attempts=0, first_at=at, next_at=at)]
            if lane.passed_over == passed_over:
                lane.held = None
                self._held.discard(lane.aggregate)
                self._look()
                self._changed.set()
                return []

    async def _page_of(self, lane: Lane, after: int, until: int) -> list[Event]:
        """Some of the events of an aggregate that were passed over."""
        kind, aggregate_id = lane.aggregate
        while after < until:
            page = await self._client().events.list(
                aggregate_type=kind, aggregate_id=aggregate_id, after=after, limit=STRETCH
            )
            missed = [event for event in page["items"] if after < (event["position"] or 0) <= until]
            if wanted := [event for event in missed if self._wants(event)]:
                return wanted
            if page["next_cursor"] is None or not missed:
                return []
            after = missed[-1]["position"] or until
        return []

    def _wants(self, event: Event) -> bool:
        return self.wanted.pattern(event["event_type"]) and self.wanted.filter(event)

    async def _let_go(self, position: int) -> None:
        self._window.leave(position)
        self._changed.set()
        await self._advance(handled=True)

    # -- ends

    async def _stop(self, reason: str) -> None:
        self._over = True
        await self._switch_off(reason)

    async def again(self, event: Event) -> None:
        """One attempt, which holds up nobody."""
        sent = await self._send(event)
        if sent.error is not None:
            raise DeliveryError(sent.error, code=sent.code, duration_ms=sent.milliseconds)


async def _until(moment: float, soon: asyncio.Event) -> None:
    left = moment - time.time()
    if left > 0:
        try:
            async with asyncio.timeout(left):
                await soon.wait()
        except TimeoutError:
            return
