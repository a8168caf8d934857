"""A hundred thousand judged runs become a file of examples: how long that takes, and how much memory.

The runs are written by SQL, each with a model's call of a tool, the tool's result, an answer, and a thumb; the layer runs over the data layer
in this process. The memory is that of this process: after a tenth of the examples, and at its highest.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import asyncpg
import psutil
import uvloop

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L07_learning.client import Export, L07Client
from agentic.layers.L07_learning.layer import Learning
from agentic.layers.L07_learning.settings import L07Settings
from bench.kit.options import read_options
from bench.kit.report import Report
from bench.kit.services import REDIS_URL, own_database

DATABASE = "agentic_bench_export"
EXAMPLES = 100_000
PROMISED_SECONDS = 20.0
PROMISED_GROWTH = 16.0
"""Megabytes between a tenth of the examples and all of them."""
PATIENCE = 600.0
KINDS = ("sft", "kto", "dpo")
FILL = Path(__file__).parent / "fill_judged.sql"


class NoTools(L03Client):
    """Tells of one tool, without a layer of tools."""

    async def catalogue(self, agent_configuration: object = None) -> list[dict[str, object]]:  # type: ignore[override]
        return [{"name": "look", "description": "Looks.", "parameters": {"type": "object"}}]


class Peak:
    """The memory of this process, looked at again and again."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.highest = 0.0

    def now(self) -> float:
        return self._process.memory_info().rss / 1e6

    async def watch(self) -> None:
        while True:
            self.highest = max(self.highest, self.now())
            await asyncio.sleep(0.02)


async def exported(l07: L07Client, kind: str, until: str | None = None) -> tuple[Export, float, float]:
    """An export, how long it took, and the highest memory meanwhile."""
    peak = Peak()
    watching = asyncio.create_task(peak.watch())
    started = time.perf_counter()
    begun = await l07.export(kind, until=until)
    export = await l07.wait_for_export(begun["id"], PATIENCE)
    seconds = time.perf_counter() - started
    watching.cancel()
    assert export["status"] == "completed", export["reason"]
    return export, seconds, peak.highest


async def measure(report: Report) -> None:
    """Fill, warm up with a tenth, and export all in each format."""
    with tempfile.TemporaryDirectory() as folder:
        async with own_database(DATABASE) as url:
            layer = DataLayer(Context(), L01Settings(database_url=url, redis_url=REDIS_URL))
            async with layer.running(), L01Client(backend=layer.backend) as l01:
                tenth = await fill(url)
                context = Context()
                context.give(l01)
                context._clients[L03Client] = NoTools()
                learning = Learning(context, L07Settings(exports_dir=Path(folder), collect=False))
                async with learning.running():
                    await all_kinds(report, learning.local_client(), tenth)


async def fill(url: str) -> str:
    """Write the runs; answers the moment up to which a tenth of the feedback was given."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FILL.read_text().replace(":runs", str(EXAMPLES)), timeout=PATIENCE)
        await connection.execute("VACUUM ANALYZE", timeout=PATIENCE)
        return await connection.fetchval(
            "SELECT to_char(timezone('UTC', created_at), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM feedback_entries "
            "ORDER BY created_at OFFSET $1 LIMIT 1",
            EXAMPLES // 10 - 1,
        )
    finally:
        await connection.close()


async def all_kinds(report: Report, l07: L07Client, tenth: str) -> None:
    for kind in KINDS:
        _, _, before = await exported(l07, kind, tenth)
        export, seconds, highest = await exported(l07, kind)
        result = export["result"]
        assert result is not None
        size = sum(file["bytes"] for file in result["files"]) / 1e6
        report.note(
            f"{kind}: {result['examples']:,} examples of {result['judged_runs']:,} judged runs, {size:.0f} MB in {seconds:.1f} s; "
            f"memory {before:.0f} MB with a tenth of them, {highest:.0f} MB with all."
        )
        report.at_most(f"{kind}, 100,000 judged runs", PROMISED_SECONDS, seconds, "s")
        report.at_most(
            f"{kind}, memory that the other nine tenths take", PROMISED_GROWTH, highest - before, "MB"
        )


def main() -> None:
    read_options(__doc__)
    report = Report("Exports of 100,000 judged runs, written by this process beside the data layer")
    uvloop.run(measure(report))
    print(report.text())


if __name__ == "__main__":
    main()
