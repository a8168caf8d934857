"""How long `platform up` takes until it answers, on a new data folder and on a prepared one, and its idle memory.

The servers' own time is that of starting the embedded PostgreSQL and Valkey alone on the same prepared folder.
"""

import asyncio
import compileall
import statistics
import time
from pathlib import Path

import agentic
from agentic.platform.embedded import Embedded
from bench.kit.cpu import quiet_machine
from bench.kit.options import read_options
from bench.kit.platform_up import data_folder, forget_servers, platform_up, three_free_ports
from bench.kit.report import Report


async def _seconds_of_servers(folder: Path) -> float:
    started = time.perf_counter()
    async with Embedded(folder, progress=lambda _: None):
        return time.perf_counter() - started


async def _start(folder: Path, idle_seconds: float = 0) -> tuple[float, float]:
    """Seconds to the first answer, and megabytes after some idle seconds."""
    await quiet_machine()
    with platform_up(folder, three_free_ports(), {}) as platform:
        await asyncio.sleep(idle_seconds)
        return platform.seconds_to_ready, platform.resident_megabytes()


async def run(rounds: int, idle_seconds: float) -> Report:
    """Each round on a folder of its own: the first start, the next one, and the servers alone."""
    report = Report("Starting the platform")
    first: list[float] = []
    prepared: list[float] = []
    servers: list[float] = []
    megabytes: list[float] = []
    for _ in range(rounds):
        with data_folder() as folder:
            first.append((await _start(folder))[0])
            seconds, idle = await _start(folder, idle_seconds)
            prepared.append(seconds)
            megabytes.append(idle)
            servers.append(await _seconds_of_servers(folder))
    for what, values in (("first start", first), ("prepared", prepared), ("servers alone", servers)):
        report.note(f"{what}: {', '.join(f'{value:.2f} s' for value in values)}")
    over_servers = statistics.median(whole - alone for whole, alone in zip(prepared, servers, strict=True))
    report.at_most("prepared folder, over the servers' own start", 1.5, over_servers, "s")
    report.at_most("first start ever", 8, statistics.median(first), "s")
    report.at_most("memory of the platform's process, idle", 120, statistics.median(megabytes), "MB")
    return report


if __name__ == "__main__":
    options = read_options(__doc__, rounds=3, seconds=5.0)
    forget_servers()
    compileall.compile_dir(str(Path(agentic.__file__).parent), quiet=1)
    print(asyncio.run(run(options.rounds, options.seconds)).text())
