"""Gives events their place in the one total order, and publishes them on Redis `l01:events`.

A cursor on a sequence loses events when transactions overlap: a lower number may be committed after a higher one was
read. So positions are given after the commit, by one relay at a time (the holder of an advisory lock): dense, in an
aggregate's own order, in the same statement that counts kinds and remembers what was published. Redis is a wake-up:
what it missed is published again from the remembered place, at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from asyncpg import Connection

from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.redis_client import CHANNEL, Bus

log = structlog.get_logger()

LOCK: Final = 0x4C3031
NOTIFY_CHANNEL: Final = "l01_events"
BATCH: Final = 500
POLL: Final = 0.5
STANDBY: Final = 1.0
PUBLISH_PAUSE: Final = 0.5
BUSY: Final = 4
"""Events of one round after which the next waits a little for more."""
BREATH: Final = 0.002
"""Seconds of that: half the statements and half the publishing, when there is much to place."""

RENDER = """json_build_object('event_type', event_type, 'aggregate_type', aggregate_type, 'aggregate_id', aggregate_id,
 'payload', payload, 'id', id, 'position', position, 'version', version, 'metadata', metadata, 'created_at',
 to_char(timezone('UTC', created_at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))"""

# The update looks again whether another relay was faster. `coalesce` keeps that from being read as a reason to find the
# rows by walking all that are pending, once for each of the batch: they are found by their ids.
PLACE = f"""
WITH pending AS (
  SELECT id, row_number() OVER (ORDER BY insert_order) AS n
  FROM events WHERE position IS NULL ORDER BY insert_order LIMIT {BATCH}
), start AS (
  SELECT position FROM relay WHERE id = 1 FOR UPDATE
), placed AS (
  UPDATE events SET position = start.position + pending.n
  FROM pending, start WHERE events.id = pending.id AND coalesce(events.position, 0) = 0
  RETURNING events.*
), kinds AS (
  INSERT INTO event_kinds (event_type, aggregate_type, count)
  SELECT event_type, aggregate_type, count(*) FROM placed GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (event_type, aggregate_type) DO UPDATE SET count = event_kinds.count + excluded.count
), kept AS (
  UPDATE relay SET position = start.position + (SELECT count(*) FROM placed), published = greatest(published, $1)
  FROM start WHERE relay.id = 1 AND EXISTS (SELECT FROM placed)
)
SELECT position, {RENDER} AS message FROM placed ORDER BY position
"""
REMEMBER = "UPDATE relay SET published = greatest(published, $1) WHERE id = 1"
UNPUBLISHED = f"""
SELECT position, {RENDER} AS message FROM events WHERE position > $1 ORDER BY position LIMIT {BATCH}
"""


Placed = tuple[int, bytes]
"""A position, and the event that has it as JSON."""


class Relay:
    """The relay of this process: it leads, or stands by for the one that does."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._publish = asyncio.Event()
        self._fresh: list[Placed] = []
        self._notify: asyncio.Task[None] | None = None
        self.leading = False
        self.elsewhere = asyncio.Event()
        """Set while another process may lead: what it places is heard of on the bus."""
        self.elsewhere.set()
        self.published = 0
        self._placed = 0
        self.listeners: list[Callable[[list[Placed]], None]] = []
        """Called with what was placed in this process: readers beside the relay need no bus."""

    def wake(self) -> None:
        """Something was committed in this process."""
        if self.leading:
            self._wake.set()
        elif self._notify is None:
            self._notify = asyncio.create_task(self._notify_leader())

    async def _notify_leader(self) -> None:
        # Sent after the commit and by at most one task, not by a NOTIFY inside each transaction: that takes a lock
        # that would make all commits queue.
        try:
            await asyncio.sleep(0.001)
            self._notify = None
            await self._database.fetch(f"SELECT pg_notify('{NOTIFY_CHANNEL}', '')")
        except Exception as error:
            log.debug("the leader was not notified; it polls", error=str(error))
        finally:
            self._notify = None

    async def lead(self) -> None:
        """Leads whenever no other process does. Runs until it is cancelled; the caller restarts it when it fails."""
        async with self._database.dedicated() as connection:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110
                await asyncio.sleep(STANDBY)
            await connection.add_listener(NOTIFY_CHANNEL, self._on_notify)
            row = await connection.fetchrow("SELECT position, published FROM relay WHERE id = 1")
            assert row is not None, "the first migration writes this row"
            self._placed, self.published = row
            self._fresh.clear()
            self.leading = True
            self.elsewhere.clear()
            log.info("relay leads", published=self.published)
            publisher = asyncio.create_task(self._publish_all(self._database))
            try:
                self._publish.set()
                await self._place_all(connection)
            finally:
                self.leading = False
                self.elsewhere.set()
                publisher.cancel()
                await asyncio.gather(publisher, return_exceptions=True)

    def _on_notify(self, *_: Any) -> None:
        self._wake.set()

    async def _place_all(self, connection: Connection[Any]) -> None:
        remembered = self.published
        while True:
            self._wake.clear()
            rows = await connection.fetch(PLACE, self.published)
            remembered = self.published if rows else remembered
            if rows:
                self._hand_over([(row["position"], row["message"]) for row in rows])
            if len(rows) == BATCH:
                continue
            if len(rows) >= BUSY:
                await asyncio.sleep(BREATH)
            try:
                async with asyncio.timeout(POLL):
                    await self._wake.wait()
            except TimeoutError:
                if self.published > remembered:
                    remembered = self.published
                    await connection.execute(REMEMBER, remembered)

    def _hand_over(self, rows: list[Placed]) -> None:
        self._placed = rows[-1][0]
        if len(self._fresh) < 10 * BATCH:
            self._fresh.extend(rows)
        self._publish.set()
        for listener in self.listeners:
            listener(rows)

    async def _publish_all(self, database: Database) -> None:
        # `leading`, not only cancellation, ends this: Python 3.11's `wait_for`, inside redis-py, may swallow the latter.
        while self.leading:
            await self._publish.wait()
            self._publish.clear()
            try:
                while batch := await self._next(database):
                    await self._bus.publish(CHANNEL, [message for _, message in batch])
                    self.published = batch[-1][0]
            except Exception as error:
                log.warning("events wait for the bus", after=self.published, error=str(error))
                await asyncio.sleep(PUBLISH_PAUSE)
                self._publish.set()

    async def _next(self, database: Database) -> list[Placed]:
        """What comes after the last published event: from memory when it is the next, from the log otherwise."""
        if self.published >= self._placed:
            return []
        fresh, self._fresh = self._fresh, []
        if fresh and fresh[0][0] == self.published + 1:
            return fresh
        rows = await database.fetch(UNPUBLISHED, self.published)
        return [(row["position"], row["message"]) for row in rows]
