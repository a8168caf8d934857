"""What Lighthouse says of the dashboard's pages on a desktop: performance, accessibility, best practices.

It installs Lighthouse with npm into a folder of its own, which takes a minute; Node.js 18 or newer has to be there.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from agentic.layers.L01_data_layer.client import L01Client
from bench.dashboard import QUIET
from bench.kit.options import Options, read_options
from bench.kit.platform_up import DATA_LAYER, data_folder, platform_up, three_free_ports
from bench.kit.report import Report
from bench.kit.services import REDIS_URL, own_database

DATABASE = "agentic_bench_lighthouse"
LIGHTHOUSE = "lighthouse@12"
CATEGORIES = ("performance", "accessibility", "best-practices")
PAGES = ("/", "/agents", "/events", "/layers")


def installed(folder: Path) -> Path:
    """The command, after npm has put it there."""
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), LIGHTHOUSE]
    environment = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return folder / "node_modules" / ".bin" / "lighthouse"


def audited(lighthouse: Path, url: str) -> dict[str, Any]:
    """Lighthouse's report on one address."""
    command = [
        str(lighthouse),
        url,
        "--quiet",
        "--preset=desktop",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags=--headless=new {' '.join(QUIET)}",
    ]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def lost(report: dict[str, Any]) -> list[str]:
    """The audits that took points."""
    return [
        f"{audit['id']}: {audit.get('displayValue') or audit['title']}"
        for category in report["categories"].values()
        for ref in category["auditRefs"]
        if ref["weight"] and (audit := report["audits"][ref["id"]])["score"] not in (1, None)
    ]


async def some_life(port: int) -> None:
    """Agents and events to be shown."""
    async with L01Client(f"http://127.0.0.1:{port + DATA_LAYER}") as l01:
        for number in range(20):
            await l01.create_agent(f"agent {number}")
            await l01.publish_event("bench.seen", "bench", uuid4(), {"number": number})


async def run(options: Options) -> Report:
    """Each page in each round; the median of the rounds counts."""
    report = Report("Lighthouse, desktop")
    port = three_free_ports()
    async with own_database(DATABASE) as url:
        environment = {"DATABASE_URL": url, "REDIS_URL": f"{REDIS_URL}/9"}
        with tempfile.TemporaryDirectory() as tools, data_folder() as folder:
            lighthouse = installed(Path(tools))
            with platform_up(folder, port, environment):
                await some_life(port)
                for page in PAGES:
                    seen = [
                        audited(lighthouse, f"http://127.0.0.1:{port}{page}") for _ in range(options.rounds)
                    ]
                    for category in CATEGORIES:
                        scores = [round(one["categories"][category]["score"] * 100) for one in seen]
                        report.at_least(f"{page}: {category}", 100, statistics.median(scores), "points")
                    for reason in sorted({reason for one in seen for reason in lost(one)}):
                        report.note(f"{page}: {reason}")
    return report


if __name__ == "__main__":
    print(asyncio.run(run(read_options(__doc__, rounds=3, seconds=1.0))).text())
