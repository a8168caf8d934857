"""Finds the record that a person means: by its id, its name, or the end of its id."""

from __future__ import annotations

import difflib
from typing import Any, Final
from uuid import UUID

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.collection import Collection
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.tool import Tool
from agentic.platform.command_error import CommandError

LAST: Final = "last"
RECENT: Final = 1000
"""Runs among which the end of an id is looked for."""


class NotFoundHereError(CommandError):
    """There is no such record, or more than one."""


async def agent_of(l01: L01Client, reference: str) -> Agent:
    """The agent with an id or a name. Of several with one name, the one that is not terminated.

    Raises:
        NotFoundHereError: there is none, or there are several.
    """
    if _is_id(reference):
        try:
            return await l01.agents.get(reference)
        except NotFoundError:
            raise NotFoundHereError(
                f"There is no agent {reference}. `platform agents list` lists them."
            ) from None
    found = [agent async for agent in l01.agents.all(name=reference)]
    living = [agent for agent in found if agent["status"] != "terminated"] or found
    if len(living) == 1:
        return living[0]
    if living:
        ids = ", ".join(agent["id"] for agent in living)
        raise NotFoundHereError(f"There are {len(living)} agents named {reference!r}. Give the id: {ids}.")
    names = {agent["name"] for agent in (await l01.agents.list(limit=1000))["items"]}
    raise NotFoundHereError(f"There is no agent {reference!r}.{_meant(reference, names, 'agents')}")


async def run_of(l01: L01Client, reference: str) -> Run:
    """The run with an id, or with an id that ends so, or the `last` one.

    Raises:
        NotFoundHereError: there is none, or there are several.
    """
    return await _newest_of(l01.runs, reference, "run", "runs", '`platform run AGENT "input"` begins one')


async def plan_of(l01: L01Client, reference: str) -> Plan:
    """The plan with an id, or with an id that ends so, or the `last` one.

    Raises:
        NotFoundHereError: there is none, or there are several.
    """
    return await _newest_of(l01.plans, reference, "plan", "plan", '`platform goal "…"` makes one')


async def _newest_of(
    records: Collection[Any], reference: str, what: str, command: str, makes_one: str
) -> Any:
    if _is_id(reference):
        try:
            return await records.get(reference)
        except NotFoundError:
            raise NotFoundHereError(
                f"There is no {what} {reference}. `platform {command} list` lists the newest."
            ) from None
    if reference == LAST:
        newest = (await records.list(limit=1))["items"]
        if not newest:
            raise NotFoundHereError(f"There are no {what}s yet. {makes_one}.")
        return newest[0]
    recent = (await records.list(limit=RECENT))["items"]
    found = [record for record in recent if len(reference) >= 4 and record["id"].endswith(reference.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundHereError(f"{len(found)} {what}s end in {reference!r}: give more of the id.")
    raise NotFoundHereError(
        f"There is no {what} {reference!r}. Give its id, four or more letters of its end, or `{LAST}`."
    )


async def tool_of(l01: L01Client, reference: str) -> Tool:
    """The tool with a name or an id.

    Raises:
        NotFoundHereError: there is none.
    """
    if found := (await l01.tools.list(name=reference, limit=1))["items"]:
        return found[0]
    if _is_id(reference):
        try:
            return await l01.tools.get(reference)
        except NotFoundError:
            pass
    names = {tool["name"] for tool in (await l01.tools.list(limit=1000))["items"]}
    raise NotFoundHereError(f"There is no tool {reference!r}.{_meant(reference, names, 'tools')}")


def _is_id(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True


def _meant(reference: str, names: set[str], what: str) -> str:
    close = difflib.get_close_matches(reference, names, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"{meant} `platform {what} list` lists them."
