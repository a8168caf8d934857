"""Carries runs: takes those that are due, as many at once as it may, and keeps them by one sign of life for all.

At the end of the process it takes no more, lets steps in flight finish for a moment, cuts off the rest, and lets the leases
of what it still holds end at once, so that another process goes on without waiting for them.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal
from uuid import UUID, uuid4

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.carrier import Carrier
from agentic.layers.L02_agent_runtime.journal import Hold
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.settings import L02Settings

log = structlog.get_logger()

BEATS: Final = 3
"""Signs of life in the time of a lease."""
GIVEN_BACK: Final = 0.001
"""Seconds of lease that a run keeps which is given back."""
MOST_AT_ONCE: Final = 1000
BEAT_AGAIN: Final = 0.5


class Worker:
    """Carries runs, of some agents or of any."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        carrier: Carrier,
        news: RunNews,
        settings: L02Settings,
        agent_ids: list[str | UUID] | None = None,
        carried_by: str | None = None,
    ) -> None:
        """With `carried_by`, only runs that are kept for it: their configuration names it, and nobody else takes them."""
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:8]}"
        self.taken = 0
        """Runs that were taken since the start."""
        self._l01 = l01
        self._carrier = carrier
        self._news = news
        self._settings = settings
        self._agent_ids = agent_ids
        self._carried_by = carried_by
        self._held: dict[str, Run] = {}
        self._holds: dict[str, Hold] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._left: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._stopping = False
        news.on_due = self.look
        news.on_state = self._on_state

    @property
    def carried(self) -> int:
        """How many runs are carried now."""
        return len(self._held)

    def look(self) -> None:
        """Something may be due: it is looked for at once."""
        self._look.set()

    # -- taking

    async def take(self) -> None:
        """Takes what is due and has it carried. Runs until it is cancelled."""
        self._stopping = False
        while not self._stopping:
            room = min(self._settings.concurrency - len(self._held), MOST_AT_ONCE)
            full = False
            self._look.clear()
            if room > 0:
                full = await self._claim(room) == room
            if not full:
                await self._woken()

    async def _woken(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll * random.uniform(0.8, 1.0)):
                await self._look.wait()
        except TimeoutError:
            return

    async def _claim(self, room: int) -> int:
        # A run that was taken and not heard of would be lost until its lease is over: when this is cancelled, the
        # statement is awaited all the same.
        claiming = asyncio.ensure_future(
            self._l01().runs.claim(
                self.name,
                room,
                self._settings.lease,
                self._agent_ids,
                self._settings.overall,
                self._carrier.foreign,
                self._carried_by,
            )
        )
        try:
            runs = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            self._hold(await claiming)
            raise
        self._hold(runs)
        return len(runs)

    def _hold(self, runs: list[Run]) -> None:
        for run in runs:
            self.taken += 1
            if self._goes_on(run):
                continue
            if (before := self._tasks.get(run["id"])) is not None:
                self._left.add(before)  # under its old token it can write nothing any more
                before.add_done_callback(self._left.discard)
                self._holds[run["id"]].ends = "lost"
                before.cancel()
            self._begin(run)

    def _begin(self, run: Run) -> None:
        hold = self._holds[run["id"]] = Hold()
        self._held[run["id"]] = run
        self._tasks[run["id"]] = asyncio.create_task(self._carry(run, hold), name=f"run {run['id']}")

    def _goes_on(self, run: Run) -> bool:
        """Whether a run is at a step here still, in which it was paused and resumed: the step is its new token's then.

        Otherwise its answer, which is paid for, would be written under the old token and refused. One that is not at a
        step but about to let go is begun again by `_carry`.
        """
        held, hold = self._held.get(run["id"]), self._holds.get(run["id"])
        if held is None or hold is None or hold.ends is not None or run["token"] != held["token"] + 1:
            return False
        held.update(run)
        return True

    async def _carry(self, run: Run, hold: Hold) -> None:
        became, token, left = None, run["token"], False
        try:
            became = await self._carrier.carry(run, hold)
            left = became is None  # others have decided what becomes of it
        except asyncio.CancelledError:
            if not self._stopping:
                log.info("a run was taken away", run=run["id"])
            raise
        except Exception as error:
            log.error("a run could not be carried", run=run["id"], exc_info=error)
        finally:
            try:
                if left and hold.ends in (None, "paused") and run["token"] == token:
                    await self._let_go(run)
            finally:
                self._carried(run, hold, token)
                if became is not None:
                    self._news.tell(run["id"], became)

    def _carried(self, run: Run, hold: Hold, token: int) -> None:
        """It is carried here no longer, or from its beginning: it had let go already when it was resumed."""
        resumed = hold.ends in (None, "paused") and run["token"] != token
        if self._held.get(run["id"]) is run and hold.ends != "given back":
            del self._held[run["id"]]
        if self._tasks.get(run["id"]) is asyncio.current_task():
            del self._tasks[run["id"]]
            del self._holds[run["id"]]
            if resumed:
                self._begin(run)
        self._look.set()

    async def _let_go(self, run: Run) -> None:
        """Lets other processes take a run that is paused: nothing more is done of it here."""
        with suppress(PlatformError):  # then they may when the lease is over
            if (await self._l01().runs.get(run["id"]))["status"] == "suspended":
                await self._l01().runs.beat(self.name, {run["id"]: run["token"]}, GIVEN_BACK)

    # -- keeping

    async def beat(self) -> None:
        """Gives signs of life for everything that is held. Runs until it is cancelled."""
        pause = self._settings.lease / BEATS
        while True:
            await asyncio.sleep(pause)
            pause = self._settings.lease / BEATS
            try:
                await self._beat_once()
            except PlatformError as error:
                log.warning("no sign of life could be given", runs=len(self._held), error=str(error))
                pause = min(pause, BEAT_AGAIN)

    async def _beat_once(self) -> None:
        tokens = {run_id: run["token"] for run_id, run in self._held.items()}
        if not tokens:
            return
        for lost in await self._l01().runs.beat(self.name, tokens, self._settings.lease):
            run = self._held.get(lost["id"])
            if run is None or run["token"] != tokens[lost["id"]]:
                continue
            if lost["status"] == "cancelled":
                self._drop(lost["id"], "cancelled")
            elif lost["token"] != run["token"]:
                self._drop(lost["id"], "lost")

    def _on_state(self, run_id: str, status: str) -> None:
        """A run that was cancelled is cut off in the middle of a step: nobody wants its answer. One that was woken is told."""
        if status == "cancelled" and run_id in self._held:
            self._drop(run_id, "cancelled")
        elif status == "updated" and (hold := self._holds.get(run_id)) is not None:
            hold.tell()

    def _drop(self, run_id: str, why: Literal["lost", "cancelled"]) -> None:
        self._held.pop(run_id, None)
        if run_id in self._holds:
            self._holds[run_id].ends = why
        if (task := self._tasks.get(run_id)) is not None:
            task.cancel()

    # -- ending

    def stop(self) -> None:
        """Takes no more."""
        self._stopping = True
        self._look.set()

    async def drain(self) -> None:
        """Lets steps finish for a moment, cuts off the rest, and gives back what is held."""
        self.stop()
        for hold in self._holds.values():
            hold.ends = hold.ends or "given back"
        if tasks := list(self._tasks.values()):
            await asyncio.wait(tasks, timeout=self._settings.drain)
        while tasks := [task for task in self._tasks.values() if not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1.0)
        held = {run_id: run["token"] for run_id, run in self._held.items()}
        self._held.clear()
        if held:
            log.info("runs are given back", runs=len(held))
            try:
                await self._l01().runs.beat(self.name, held, GIVEN_BACK)
            except PlatformError as error:
                log.warning("runs could not be given back; they are when their leases end", error=str(error))
