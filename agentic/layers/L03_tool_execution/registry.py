"""Which tools there are: the records of the data layer, and the functions of this process, each of which has a record too.

A function without a record cannot be seen or switched off, so each gets one at the start. The record says whether a tool
may be used and by whom; the function, or the record's own definition, how it is carried out.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import structlog

from agentic.layers.base.common_errors import ExistsError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.tool import Tool as ToolRecord
from agentic.layers.L03_tool_execution.definition import (
    KEYWORD,
    CodeExecution,
    HttpExecution,
    McpExecution,
    execution_of,
    parameters_of,
)
from agentic.layers.L03_tool_execution.errors import (
    DefinitionError,
    NoCodeError,
    ToolLayerError,
    UnknownToolError,
)
from agentic.layers.L03_tool_execution.functions import from_function, tool_of
from agentic.layers.L03_tool_execution.http_tools import HttpTool
from agentic.layers.L03_tool_execution.mcp_registry import McpRegistry
from agentic.layers.L03_tool_execution.outgoing import Outgoing
from agentic.layers.L03_tool_execution.secrets import Secrets
from agentic.layers.L03_tool_execution.tool import Rules, Tool, ToolContext, rules_from

log = structlog.get_logger()

AGAIN: Final = 0.5
MEMORY: Final = 5.0
"""Seconds for which records are remembered where the news of their changes are not heard."""
MOST_NAMED: Final = 30
CODE: Final = ("function", "builtin")


class Registry:
    """Finds tools by name."""

    def __init__(
        self, client: Callable[[], L01Client], outgoing: Outgoing, secrets: Secrets, mcp: McpRegistry
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._secrets = secrets
        self._mcp = mcp
        self._own: dict[str, Tool] = {}
        self._records: dict[str, ToolRecord] = {}
        self._made: dict[str, tuple[int, Tool]] = {}
        self._loaded: float | None = None
        self._forgotten = 0
        self._registered = False
        self._loading = asyncio.Lock()

    # -- functions of this process

    def add(self, function: Any, **options: Any) -> Tool:
        """Makes a function, decorated or not, a tool of this process.

        Raises:
            ValueError: there is a function of this name already.
        """
        made = (
            function
            if isinstance(function, Tool)
            else (tool_of(function) or from_function(function, **options))
        )
        if made.name in self._own:
            raise ValueError(f"there is a tool {made.name} already")
        self._own[made.name] = made
        self._registered = False
        return made

    def add_module(self, name: str) -> None:
        """Makes all decorated functions of a module tools of this process."""
        module = importlib.import_module(name)
        for value in vars(module).values():
            made = tool_of(value)
            if made is not None and getattr(value, "__module__", None) == module.__name__:
                self.add(made)

    async def register(self) -> None:
        """Gives each function of this process its record, and brings what the record says of it up to date."""
        await self._load()
        for made in list(self._own.values()):
            await self._record_of(made)
        self._registered = True

    async def _record_of(self, made: Tool) -> ToolRecord:
        record = self._records.get(made.name)
        schema_def = {**made.parameters, KEYWORD: {"kind": made.kind}}
        if record is None:
            return await self._create(made, schema_def)
        if record["tool_type"] in CODE and (
            record["schema_def"] != schema_def or record["description"] != made.description
        ):
            changes = {"schema_def": schema_def, "description": made.description, "tool_type": made.kind}
            record = await self._client().tools.update(record["id"], changes)
            self._records[made.name] = record
        return record

    async def _create(self, made: Tool, schema_def: Mapping[str, Any]) -> ToolRecord:
        try:
            record = await self._client().tools.create(
                name=made.name, description=made.description, tool_type=made.kind, schema_def=dict(schema_def)
            )
        except ExistsError:  # another process was faster
            record = (await self._client().tools.list(name=made.name, limit=1))["items"][0]
        self._records[made.name] = record
        return record

    # -- finding

    async def find(self, name: str) -> Tool:
        """The tool of this name, as it may be called now.

        Raises:
            UnknownToolError: there is none.
            DefinitionError: its record does not say how it is called.
        """
        await self._fresh()
        record = self._records.get(name)
        if record is None:
            await self._load()  # it may have been made this moment
            record = self._records.get(name)
        if record is None and name in self._own:
            record = await self._record_of(self._own[name])
        if record is None:
            await self.complete()
            names = sorted(each["name"] for each in self._records.values() if each["enabled"])
            told = f"There are: {', '.join(names[:MOST_NAMED])}." if names else ""
            raise UnknownToolError(f"There is no tool {name!r}. {told}".strip())
        return self._tool(record)

    async def all(self) -> list[Tool]:
        """Every tool whose record is right, by name."""
        await self.complete()
        found: list[Tool] = []
        for name in sorted(self._records):
            try:
                found.append(self._tool(self._records[name]))
            except ToolLayerError as error:
                log.warning("a tool cannot be offered", tool=name, reason=error.detail)
        return found

    def _tool(self, record: ToolRecord) -> Tool:
        kept = self._made.get(record["id"])
        if kept is not None and kept[0] == record["version"]:
            return kept[1]
        made = self._from(record)
        self._made[record["id"]] = (record["version"], made)
        return made

    def _from(self, record: ToolRecord) -> Tool:
        rules = rules_from(record["permissions"], f"permissions of {record['name']}")
        own = self._own.get(record["name"])
        if own is not None and record["tool_type"] in CODE:
            return own.recorded(record["id"], enabled=record["enabled"], rules=rules)
        execution = execution_of(record["schema_def"])
        stated = (
            {}
            if execution is None
            else execution.model_dump(include=set(Rules.model_fields), exclude_none=True)
        )
        return Tool(
            name=record["name"],
            description=record["description"] or "",
            parameters=parameters_of(record["schema_def"]),
            run=self._runner(record["name"], execution),
            kind=record["tool_type"] if execution is None else execution.kind,
            rules=Rules(**stated),
            result=None if execution is None else execution.result,
        ).recorded(record["id"], enabled=record["enabled"], rules=rules)

    def _runner(self, name: str, execution: Any) -> Any:
        match execution:
            case HttpExecution():
                return HttpTool(name, execution, self._outgoing, self._secrets)
            case McpExecution():
                return self._mcp.runner(execution)
            case CodeExecution() | None:
                return _no_code
            case _:
                raise DefinitionError

    # -- memory

    async def watch(self) -> None:
        """Forgets the records whenever one changes, in whatever process. Runs until it is cancelled."""
        while True:
            self.forget()
            async for events in self._client().follow(event_type="tool.*"):
                if events:
                    self.forget()
            await asyncio.sleep(AGAIN)

    def forget(self) -> None:
        """Reads the records again before they are used again."""
        self._loaded = None
        self._forgotten += 1

    async def complete(self) -> None:
        """All records, those of this process's functions among them: the layer may have started this moment."""
        await self._fresh()
        if not self._registered:
            await self.register()

    async def _fresh(self) -> None:
        if self._loaded is None or asyncio.get_running_loop().time() - self._loaded > MEMORY:
            await self._load()

    async def _load(self) -> None:
        async with self._loading:
            forgotten = self._forgotten
            records = {record["name"]: record async for record in self._client().tools.all(limit=1000)}
            self._records = records
            if forgotten == self._forgotten:  # else this may be what they were before a change
                self._loaded = asyncio.get_running_loop().time()


async def _no_code(context: ToolContext, arguments: dict[str, Any]) -> Any:
    raise NoCodeError


def named(configuration: Mapping[str, Any] | None) -> list[tuple[str, Rules]]:
    """The tools that an agent's configuration lists, each with what it asks of their calls. `*` at the end stands for the rest.

    Raises:
        DefinitionError: it does not list tools.
    """
    entries: Any = (configuration or {}).get("tools") or []
    if not isinstance(entries, list):
        raise DefinitionError("The agent's `tools` are no list.")
    found: list[tuple[str, Rules]] = []
    for entry in cast("Iterable[Any]", entries):
        if isinstance(entry, str):
            found.append((entry, Rules()))
        elif isinstance(entry, Mapping) and isinstance(
            name := cast("Mapping[str, Any]", entry).get("name"), str
        ):
            rules = rules_from(cast("Mapping[str, Any]", entry), f"agent's rules of {name}")
            # Who may use a tool, and whether it may be repeated, is not the agent's to say.
            found.append((name, rules.model_copy(update={"agents": None, "idempotent": None})))
        else:
            raise DefinitionError(
                f"The agent's `tools` hold {entry!r}: a name is wanted, or an object with one."
            )
    return found


def listed(name: str, entries: Iterable[tuple[str, Rules]]) -> Rules | None:
    """What an agent asks of the calls of a tool, if its configuration lists it."""
    for pattern, rules in entries:
        if pattern == name or (pattern.endswith("*") and name.startswith(pattern[:-1])):
            return rules
    return None
