"""The pages of the dashboard with one million events, 100,000 agents, and 100,000 tasks that have run, in the database.

Each page is asked for by one client again and again, whole, as a first visit does; where it is about one record, about another
one each time. The sockets of open pages are measured by `dashboard`.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from agentic.layers.L01_data_layer.migrate import migrate
from bench.kit.cpu import postgres_clock, process_clock
from bench.kit.http_load import get, http_load
from bench.kit.options import Options, read_options
from bench.kit.platform_up import DASHBOARD, data_folder, platform_up, three_free_ports
from bench.kit.report import Report
from bench.kit.services import REDIS_URL, own_database
from bench.million import AGENTS, FILL

DATABASE = "agentic_bench_pages"
GOALS = 10_000
PROMISED_P95_MS = 200
DIFFERENT_REQUESTS = 200
CASE = "GET, 1 client"
WORK = (Path(__file__).parent / "fill_work.sql").read_text(encoding="utf-8")
LEARNING = (Path(__file__).parent / "fill_learning.sql").read_text(encoding="utf-8")
LISTS = (
    "/",
    "/agents",
    "/events",
    "/runs",
    "/goals",
    "/tools",
    "/approvals",
    "/usage",
    "/layers",
    "/evaluations",
    "/feedback",
    "/datasets",
    "/improvements",
    "/exports",
    "/subscriptions",
)


async def fill(url: str) -> None:
    """Write what there is to see, and bring the planner's statistics up to date."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FILL.replace(":agents", str(AGENTS)), timeout=600)
        await connection.execute(WORK.replace(":goals", str(GOALS)), timeout=600)
        await connection.execute(LEARNING, timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()


async def pages(url: str) -> dict[str, Callable[[], str]]:
    """The pages by name, each making an address."""
    connection = await asyncpg.connect(url)
    some: dict[str, list[str]] = {}
    for table in (
        "agents",
        "goals",
        "plans",
        "tasks",
        "runs",
        "model_usage",
        "evaluations",
        "feedback_entries",
        "experiments",
        "improvements",
    ):
        rows = await connection.fetch(f"SELECT id::text FROM {table} ORDER BY random() LIMIT 200")
        some[table] = [row["id"] for row in rows]
    long = await connection.fetchrow(
        "SELECT id::text, goal_id::text FROM plans ORDER BY jsonb_array_length(steps) DESC LIMIT 1"
    )
    dataset = await connection.fetchval("SELECT id::text FROM datasets ORDER BY size DESC LIMIT 1")
    tried = await connection.fetchval("SELECT experiment_id::text FROM experiment_results LIMIT 1")
    judged = [
        row["id"] for row in await connection.fetch("SELECT DISTINCT agent_id::text AS id FROM improvements")
    ][:100]
    await connection.close()
    assert long is not None

    def any_of(table: str, form: str) -> Callable[[], str]:
        return lambda: form.format(random.choice(some[table]))

    return {
        **{path: (lambda path=path: path) for path in LISTS},
        "goals of a status": lambda: "/goals?status=failed&order=asc",
        "an agent": any_of("agents", "/agents/{}"),
        "a goal": any_of("goals", "/goals/{}"),
        "a plan": any_of("plans", "/plans/{}"),
        "a plan of 200 steps": lambda: f"/plans/{long['id']}",
        "a step of it": lambda: f"/plans/{long['id']}/tasks/s{random.randrange(1, 200)}",
        "a run": any_of("runs", "/runs/{}"),
        "lineage of a goal": any_of("goals", "/lineage/goal/{}"),
        "lineage of a great goal": lambda: f"/lineage/goal/{long['goal_id']}",
        "lineage of a task": any_of("tasks", "/lineage/task/{}"),
        "lineage of a call": any_of("model_usage", "/lineage/model_usage/{}"),
        "lineage of an evaluation": any_of("evaluations", "/lineage/evaluation/{}"),
        "lineage of feedback": any_of("feedback_entries", "/lineage/feedback/{}"),
        "evaluations of an agent": lambda: f"/evaluations?agent_id={random.choice(judged)}",
        "evaluations of a type, low": lambda: "/evaluations?evaluation_type=tone&max_score=0.5&range=90d",
        "an evaluation": any_of("evaluations", "/evaluations/{}"),
        "two agents": lambda: "/evaluations/compare?a={}&b={}".format(*random.sample(judged, 2)),
        "feedback, processed": lambda: "/feedback?processed=yes&order=asc",
        "a piece of feedback": any_of("feedback_entries", "/feedback/{}"),
        "a dataset of 20,000 items": lambda: f"/datasets/{dataset}",
        "an old version of it": lambda: f"/datasets/{dataset}?revision={random.randrange(1, 20)}",
        "its versions": lambda: f"/datasets/{dataset}/versions",
        "its experiments": lambda: f"/datasets/{dataset}/experiments",
        "an experiment": any_of("experiments", "/experiments/{}"),
        "an experiment of 10,000 tries": lambda: f"/experiments/{tried}",
        "an improvement": any_of("improvements", "/improvements/{}"),
    }


async def run(options: Options) -> Report:
    """Fill a database that the platform has made, and ask for each page in each round."""
    report = Report(f"Pages with {AGENTS:,} agents, {10 * AGENTS:,} events and {GOALS:,} goals")
    port = three_free_ports()
    async with own_database(DATABASE) as url:
        environment: dict[str, Any] = {"DATABASE_URL": url, "REDIS_URL": f"{REDIS_URL}/9"}
        with data_folder() as folder:
            await migrate(url)
            await fill(url)
            with platform_up(folder, port, environment) as server:
                clocks = {"server": process_clock(server.pid), "postgres": await postgres_clock(DATABASE)}
                asked = await pages(url)
                for _ in range(options.rounds):
                    for name, path in asked.items():
                        requests = get([path() for _ in range(DIFFERENT_REQUESTS)])
                        sample = await http_load(
                            port + DASHBOARD, requests, clients=1, seconds=options.seconds, clocks=clocks
                        )
                        report.add(CASE, name, sample)
    for name in asked:
        report.at_most(f"p95: {name}", PROMISED_P95_MS, report.median(CASE, name).p95_ms, "ms")
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__, rounds=3, seconds=1.0))).text())
