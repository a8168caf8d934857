"""`platform tools`: lists and shows tools, and switches them on and off."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.models.tool import TOOLS, Tool
from agentic.platform.commands.finding import tool_of
from agentic.platform.commands.listing import (
    ago,
    lasted,
    plain_table,
    print_json,
    print_whole,
    printable,
    say,
    short,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import OK

_RECENT = 5
_RULES = ("approval", "approval_when", "idempotent", "timeout", "retries", "concurrency", "per_minute")
_EXECUTION = "x-execution"


def show_all(where: Where, *, json: bool) -> int:
    """Prints the tools; answers the exit code."""

    async def work(platform: Reached) -> int:
        found = [tool async for tool in platform.l01.tools.all(limit=1000)]
        found.sort(key=lambda tool: (tool["tool_type"] != "builtin", tool["name"]))
        if json:
            print_json(found)
        elif found:
            table = plain_table("Name", "From", "State", "Asks first", "What it does")
            for tool in found:
                state = "[green]on[/]" if tool["enabled"] else "[dim]off[/]"
                asks = "yes" if _rules_of(tool).get("approval") else ""
                does = (tool["description"] or "").partition("\n")[0]
                table.add_row(short(tool["name"]), short(tool["tool_type"]), state, asks, short(does, 80))
            print_whole(table)
        else:
            say("There are no tools yet.")
        return OK

    return on_platform(where, work)


def show(where: Where, reference: str, *, json: bool) -> int:
    """Prints a tool, what it takes, and its last uses; answers the exit code."""

    async def work(platform: Reached) -> int:
        l01 = platform.l01
        tool = await tool_of(l01, reference)
        used = (await l01.tool_executions.list(tool_id=tool["id"], limit=_RECENT))["items"]
        if json:
            print_json({**tool, "last_executions": used})
            return OK
        console = Console(highlight=False)
        state = "[green]on[/]" if tool["enabled"] else "[dim]off[/]"
        console.print(f"[bold]{escape(tool['name'])}[/]  {escape(tool['tool_type'])}  {state}")
        console.print(escape(printable(tool["description"] or "")), soft_wrap=True)
        _show_arguments(console, tool)
        for name, value in _rules_of(tool).items():
            console.print(f"[dim]{name}[/]  {short(value, 200)}", soft_wrap=True)
        if used:
            table = plain_table("Used", "Status", "Took", "With", "Run")
            for each in used:
                took = lasted(each["started_at"], each["completed_at"])
                arguments = short(each["input_params"], 50)
                table.add_row(
                    ago(each["created_at"]), each["status"], took, arguments, each["run_id"] or "none"
                )
            console.print()
            print_whole(table)
        return OK

    return on_platform(where, work)


def switch(where: Where, reference: str, *, on: bool) -> int:
    """Switches a tool on or off; answers the exit code. Runs that want it meanwhile are told that it is off."""

    async def work(platform: Reached) -> int:
        tool = await tool_of(platform.l01, reference)
        change = Call({"id": tool["id"]}, body={"enabled": on})
        if tool["enabled"] != on:
            await platform.l03.backend.call(TOOLS.operations["update"], change)
        say(f"{tool['name']} is {'on' if on else 'off'}{'' if tool['enabled'] != on else ' already'}.")
        return OK

    return on_platform(where, work)


def _show_arguments(console: Console, tool: Tool) -> None:
    schema = tool["schema_def"]
    properties: dict[str, dict[str, Any]] = schema.get("properties") or {}
    needed: list[str] = schema.get("required") or []
    if not properties:
        return
    table = plain_table("Argument", "Type", "", "What it is")
    for name, each in properties.items():
        kind, told = each.get("type"), each.get("description", "")
        table.add_row(
            short(name), short(kind or "any"), "" if name in needed else "optional", short(told, 90)
        )
    console.print()
    console.print(table)


def _rules_of(tool: Tool) -> dict[str, Any]:
    """What bounds its calls: as its definition says, and over that its record."""
    stated: dict[str, Any] = tool["schema_def"].get(_EXECUTION) or {}
    rules = {**stated, **tool["permissions"]}
    return {name: rules[name] for name in (*_RULES, "agents") if rules.get(name) is not None}
