"""`platform subscriptions`: lists, shows, pauses and replays subscriptions, and deals with their dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from agentic.platform.commands.listing import ago, plain_table, print_json, print_whole, say, short
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK

_RECENT = 10


def show_all(where: Where, *, json: bool) -> int:
    """Prints the subscriptions; answers the exit code."""

    async def work(platform: Reached) -> int:
        found = await platform.l11.subscriptions()
        if json:
            print_json(found)
            return OK
        table = plain_table("Name", "Kind", "Events", "State", "Behind", "Held", right=("Behind", "Held"))
        for each in found:
            behind = "" if each["lag"] is None else f"{each['lag']:,}"
            table.add_row(
                short(each["name"]),
                each["kind"],
                short(each["pattern"]),
                each["status"],
                behind,
                str(each["held"]),
            )
        print_whole(table)
        return OK

    return on_platform(where, work)


def show(where: Where, name: str, *, json: bool) -> int:
    """Prints a subscription and its newest deliveries; answers the exit code."""

    async def work(platform: Reached) -> int:
        found = await platform.l11.subscription(name)
        newest = (await platform.l11.deliveries(name, limit=_RECENT))["items"]
        if json:
            print_json({**found, "deliveries": newest})
            return OK
        console = Console(highlight=False)
        console.print(f"[bold]{escape(found['name'])}[/]  {found['kind']}  {found['status']}", soft_wrap=True)
        shown = ("pattern", "filter", "target", "reason", "position", "lag", "delivered", "last_error")
        for field in shown:
            if found[field] not in (None, {}):
                console.print(f"[dim]{field}[/]  {short(found[field], 300)}", soft_wrap=True)
        if newest:
            console.print()
            _print_deliveries(newest)
        return OK

    return on_platform(where, work)


def switch(where: Where, name: str, *, on: bool) -> int:
    """Pauses a subscription or lets it go on; answers the exit code."""

    async def work(platform: Reached) -> int:
        await (platform.l11.resume(name) if on else platform.l11.pause(name))
        say(f"{name} {'goes on' if on else 'is paused'}.")
        return OK

    return on_platform(where, work)


def replay(where: Where, name: str, *, after: int | None, since: str | None) -> int:
    """Lets events come again; answers the exit code."""

    async def work(platform: Reached) -> int:
        place = await platform.l11.replay(name, position=after, time=since)
        say(f"{name} gets the events after position {place['position']} again.")
        return OK

    return on_platform(where, work)


def show_letters(where: Where, name: str, *, json: bool) -> int:
    """Prints what could not be delivered; answers the exit code."""

    async def work(platform: Reached) -> int:
        found = (await platform.l11.dead_letters(name, limit=1000))["items"]
        if json:
            print_json(found)
        elif found:
            _print_deliveries(found)
        else:
            say(f"{name} has no dead letters.")
        return OK

    return on_platform(where, work)


def retry(where: Where, name: str, position: int) -> int:
    """Tries a dead letter again; answers the exit code."""

    async def work(platform: Reached) -> int:
        done = await platform.l11.retry(name, position)
        taken = done["status"] == "delivered"
        say(f"{position} was taken." if taken else f"{position} was not taken: {done['error']}")
        return OK if taken else FAILED

    return on_platform(where, work)


def drop(where: Where, name: str, position: int) -> int:
    """Gives a dead letter up; answers the exit code."""

    async def work(platform: Reached) -> int:
        await platform.l11.drop(name, position)
        say(f"{position} is dropped.")
        return OK

    return on_platform(where, work)


def _print_deliveries(found: Sequence[Any]) -> None:
    table = plain_table(
        "Position", "Event", "State", "Tries", "Code", "When", "Error", right=("Position", "Tries")
    )
    for each in found:
        code = "" if each["code"] is None else str(each["code"])
        table.add_row(
            str(each["position"]),
            short(each["event_type"]),
            each["status"],
            str(each["attempts"]),
            code,
            ago(each["updated_at"]),
            short(each["error"], 80),
        )
    print_whole(table)
