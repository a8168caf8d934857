"""`platform agents`: lists, shows and makes agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.markup import escape

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.platform.commands.ending import ending
from agentic.platform.commands.finding import agent_of, tool_of
from agentic.platform.commands.listing import (
    ago,
    money,
    plain_table,
    print_json,
    print_whole,
    printable,
    say,
    short,
    status_of,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.commands.run import InputError, text_of
from agentic.platform.exit_codes import OK

_ON_ONE_PAGE = 1000
_RECENT = 5


def show_all(where: Where, *, status: str | None, everyone: bool, json: bool) -> int:
    """Prints the agents, without those that are terminated unless they are wanted; answers the exit code."""

    async def work(platform: Reached) -> int:
        found = [agent async for agent in platform.l01.agents.all(status=status, limit=_ON_ONE_PAGE)]
        if not everyone and status is None:
            found = [agent for agent in found if agent["status"] != "terminated"]
        if json:
            print_json(found)
        elif found:
            table = plain_table("Name", "Status", "Model", "Tools", "Made", "Id")
            for agent in found:
                configuration = agent["configuration"]
                table.add_row(
                    short(agent["name"], 40),
                    status_of(agent),
                    short(configuration.get("model") or configuration.get("function") or "default", 40),
                    short(", ".join(_tools_of(configuration)), 50),
                    ago(agent["created_at"]),
                    agent["id"],
                )
            print_whole(table)
        else:
            say(
                "There are no agents yet. Make one with `platform agents create NAME`, or see `platform demo`."
            )
        return OK

    return on_platform(where, work)


def show(where: Where, reference: str, *, json: bool) -> int:
    """Prints an agent, its configuration and its last runs; answers the exit code."""

    async def work(platform: Reached) -> int:
        l01 = platform.l01
        agent = await agent_of(l01, reference)
        runs = (await l01.runs.list(agent_id=agent["id"], limit=_RECENT))["items"]
        if json:
            print_json({**agent, "last_runs": runs})
            return OK
        console = Console(highlight=False)
        page = platform.page(f"/agents/{agent['id']}")
        console.print(
            f"[bold]{escape(printable(agent['name']))}[/]  {status_of(agent)}  [dim]{escape(page)}[/]",
            soft_wrap=True,
        )
        for name, value in agent["configuration"].items():
            text = value if isinstance(value, str) else jsonio.encode(value).decode()
            console.print(f"[dim]{escape(name)}[/]  {escape(printable(text))}", soft_wrap=True)
        if runs:
            table = plain_table("Run", "Status", "Begun", "Steps", "Cost", "Input", right=("Steps", "Cost"))
            for run in runs:
                begun, cost = ago(run["created_at"]), money(run["cost"])
                told = short(run["input"], 40)
                table.add_row(run["id"], status_of(run), begun, str(run["steps"]), cost, told)
            console.print()
            print_whole(table)
        return OK

    return on_platform(where, work)


@dataclass(frozen=True)
class NewAgent:
    """An agent as the command line says it."""

    name: str
    model: str | None
    instructions: str | None
    tools: list[str]
    approve: list[str]
    """Tools that it uses only when a person allows each call."""
    max_steps: int | None
    max_cost: float | None
    file: Path | None
    """A configuration as JSON, over which the rest is laid."""

    def configuration(self) -> dict[str, Any]:
        """What the runtime reads.

        Raises:
            InputError: a file cannot be read.
        """
        configuration = _read(self.file) if self.file else {}
        if self.model is not None:
            configuration["model"] = self.model
        if self.instructions is not None:
            configuration["instructions"] = text_of(self.instructions)
        if self.tools or self.approve:
            asked: list[Any] = [{"name": name, "approval": True} for name in self.approve]
            configuration["tools"] = [
                *configuration.get("tools", []),
                *(name for name in self.tools if name not in self.approve),
                *asked,
            ]
        limits = {"steps": self.max_steps, "cost": self.max_cost}
        given = {name: value for name, value in limits.items() if value is not None}
        if given:
            configuration["limits"] = {**configuration.get("limits", {}), **given}
        return configuration


def create(where: Where, wanted: NewAgent, *, json: bool) -> int:
    """Makes an agent and starts it: on standard output nothing but its id, for scripts; answers the exit code."""

    def main() -> int:
        configuration = wanted.configuration()

        async def work(platform: Reached) -> int:
            for name in [*wanted.tools, *wanted.approve]:
                if not name.endswith("*"):
                    await tool_of(platform.l01, name)  # a name that is misspelt is better found now
            agent = await platform.l02.spawn(wanted.name, configuration)
            if json:
                print_json(agent)
                return OK
            print(agent["id"])
            _say_made(agent)
            return OK

        return on_platform(where, work)

    return ending(main)


def _say_made(agent: Agent) -> None:
    name = agent["name"] if agent["name"].isidentifier() else f'"{agent["name"]}"'
    say(f'The agent is {agent["status"]}. `platform run {name} "…"` runs it.')


def _read(file: Path) -> dict[str, Any]:
    try:
        value = jsonio.decode(file.expanduser().read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    except InvalidError as error:
        raise InputError(f"{file} is not JSON: {error.detail}") from None
    if not isinstance(value, dict):
        raise InputError(f"{file} holds no JSON object.")
    return cast("dict[str, Any]", value)


def _tools_of(configuration: Mapping[str, Any]) -> list[str]:
    """The names of an agent's tools, and of the agents among them."""
    listed: Any = configuration.get("tools")
    if not isinstance(listed, list):
        return []
    names: list[str] = []
    for each in cast("list[Any]", listed):
        if isinstance(each, Mapping):
            entry = cast("Mapping[str, Any]", each)
            names.append(str(entry.get("name") or entry.get("agent") or "?"))
        else:
            names.append(str(each))
    return names
