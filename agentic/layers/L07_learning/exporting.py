"""An export as a durable job: written into a folder of another name, which is renamed when it is whole.

An attempt that is cut leaves nothing that counts: the next one begins anew, over the same judged runs, and comes to the same files.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.export import Export
from agentic.layers.L01_data_layer.models.feedback import JUDGED_RUNS, JudgedRun
from agentic.layers.L02_agent_runtime.jobs import Jobs, RunContext
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L07_learning.errors import NoFolderError, NotExportedError
from agentic.layers.L07_learning.files import CARD, require
from agentic.layers.L07_learning.making import Making
from agentic.layers.L07_learning.models import ExportAsk, ExportResult

PAGE: Final = 500
RESULT: Final = "result.json"
NO_TOOLS: Final = "[]"


class Exports:
    """Begins exports, carries them, and gives their files."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l03: Callable[[], L03Client],
        folder: Path | None,
        jobs: Jobs,
    ) -> None:
        self._l01 = l01
        self._l03 = l03
        self._folder = folder
        self._job = jobs.define(self.carry, "export")

    async def begin(self, call: Call) -> Answer:
        """Begins an export of what is said of runs until now."""
        ask = validated(ExportAsk, call.body)
        self._place()
        require(ask.file_format)
        run = await self._job.begin(
            ask.model_dump(mode="json"), idempotency_key=call.key and f"export:{call.key}"
        )
        record = await self._record(run["id"])
        return Answer(jsonio.encode(record), record["version"])

    async def carry(self, ctx: RunContext, _: Any) -> Any:
        """The job: the record, the files, and what they hold into the record."""
        record = await ctx.step("record", self._record, ctx.run_id)
        result = await ctx.step("write", self._write, record["id"], record["asked"])
        await ctx.step("keep", self._keep, record["id"], result)
        return result

    async def file(self, export_id: str, name: str) -> Path:
        """A file of an export that is whole.

        Raises:
            NotFoundError, NotExportedError: there is no such export, or it has none of this name.
        """
        export = await self._l01().exports.get(export_id)
        names = {each["name"] for each in (export["result"] or {}).get("files", ())}
        if name not in names and not (name == CARD and names):
            raise NotExportedError(
                f"The export has no file {name!r}. It has: {', '.join(sorted(names)) or 'none'}."
            )
        return self._place() / export["id"] / name

    async def _record(self, run_id: str) -> Export:
        """The record of an export: the same for whoever is first, the request or the job. What is said later is not in it."""
        run = await self._l01().runs.get(run_id)
        asked = {**run["input"], "until": run["input"]["until"] or run["created_at"]}
        return await self._l01().exports.create(
            run_id=run_id,
            name=asked["name"] or f"{asked['kind']} of {asked['until'][:16].replace('T', ' ')}",
            kind=asked["kind"],
            file_format=asked["file_format"],
            asked=asked,
            idempotency_key=f"export of {run_id}",
        )

    async def _keep(self, export_id: str, result: ExportResult) -> None:
        export = await self._l01().exports.get(export_id)
        if export["status"] == "running":
            await self._l01().exports.update(export_id, {"status": "completed", "result": result})

    async def _write(self, export_id: str, asked: dict[str, Any]) -> ExportResult:
        whole = self._place() / export_id
        if (whole / RESULT).exists():  # an attempt before this one came as far as that
            return jsonio.decode((whole / RESULT).read_bytes())
        part = whole.with_name(f".{export_id}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        making = Making(ExportAsk.model_validate(asked, strict=False), part)
        try:
            await self._take_all(making, asked)
            result = await asyncio.to_thread(making.finish, str(whole))
        except BaseException:
            making.abandon()
            shutil.rmtree(part, ignore_errors=True)
            raise
        (part / RESULT).write_bytes(jsonio.encode(result))
        part.rename(whole)
        return result

    async def _take_all(self, making: Making, asked: dict[str, Any]) -> None:
        """Page after page; the next one is fetched while this one is worked on, apart from the event loop."""
        tools = ToolTexts(self._l03)
        following = asyncio.ensure_future(self._page(asked, None))
        try:
            while True:
                page = await following
                items: list[JudgedRun] = page["items"]
                if page["next_cursor"] is not None:
                    following = asyncio.ensure_future(self._page(asked, page["next_cursor"]))
                texts = {each["run"]["id"]: await tools.of(each["run"]["configuration"]) for each in items}
                await asyncio.to_thread(making.take, items, texts)
                if page["next_cursor"] is None:
                    return
        finally:
            following.cancel()

    async def _page(self, asked: dict[str, Any], cursor: str | None) -> Any:
        query = {name: asked[name] for name in ("agent_id", "since", "until") if asked[name] is not None}
        if cursor is not None:
            query["cursor"] = cursor
        return await self._l01().call(JUDGED_RUNS, query={**query, "limit": PAGE})

    def _place(self) -> Path:
        if self._folder is None:
            raise NoFolderError()
        return self._folder


class ToolTexts:
    """What models are told of the tools of a configuration, as JSON text; the same ones are asked for once."""

    def __init__(self, l03: Callable[[], L03Client]) -> None:
        self._l03 = l03
        self._known: dict[bytes, str] = {}

    async def of(self, configuration: dict[str, Any]) -> str:
        """The tools of a run, in OpenAI's form."""
        every = cast("list[Any]", configuration.get("tools") or [])
        named: list[Any] = [each for each in every if not (isinstance(each, Mapping) and "agent" in each)]
        if not named:
            return NO_TOOLS
        key = jsonio.encode(named)
        if key not in self._known:
            told = await self._l03().catalogue({"tools": named})
            tools = [{"type": "function", "function": each} for each in told]
            self._known[key] = jsonio.encode(tools).decode()
        return self._known[key]
