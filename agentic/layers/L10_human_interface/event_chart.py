"""Events over time, as a histogram whose bars lead to their events."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final, NamedTuple

from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Histogram
from agentic.layers.L10_human_interface.charts import Bar, bars
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.formats import moment, whole

BARS: Final = 60
PATIENCE: Final = 0.1
"""Seconds that a page waits for what has to be counted; what takes longer comes by itself."""


class ChartBar(NamedTuple):
    """A bar that leads to its events."""

    box: Bar
    href: str
    title: str


class Chart(NamedTuple):
    """Events over time."""

    bars: list[ChartBar]
    since: str
    until: str
    label: str
    note: str


async def chart_of(l01: L01Client, query: EventsQuery, then: str | None = None) -> Chart:
    """The histogram of the events that meet the filters, up to `then`."""
    histogram = await l01.events.histogram(buckets=BARS, **query.filters(), **query.times(then))
    return _chart(histogram, query)


async def chart_in_time(l01: L01Client, query: EventsQuery, then: str | None = None) -> Chart | None:
    """The histogram, when it is there before the reader would notice."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await chart_of(l01, query, then)
    except TimeoutError:
        return None


def _chart(histogram: Histogram, query: EventsQuery) -> Chart:
    since = moment(histogram["since"])
    span = timedelta(seconds=histogram["seconds"])
    found: list[ChartBar] = []
    for index, (box, count) in enumerate(zip(bars(histogram["counts"]), histogram["counts"], strict=True)):
        begin = since + index * span
        times = {"since": timestamp(begin), "until": timestamp(begin + span)}
        found.append(ChartBar(box, query.href(**times), f"{whole(count)} from {begin:%Y-%m-%d %H:%M:%S} UTC"))
    total = whole(histogram["total"])
    return Chart(
        found, histogram["since"], histogram["until"], f"{total} events over time", f"{total} events"
    )
