"""Who used the processor during a measurement: ours by group, and everybody else on the machine.

CPU per operation hardly moves when neighbours are busy, while rates and latencies do; so every sample carries both.
The figures come from /proc, so this runs on Linux only.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from bench.kit.services import POSTGRES_URL, REDIS_URL

CpuClock = Callable[[], float]
"""Returns the CPU seconds that some processes have used so far."""

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _of_process(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def process_clock(pid: int) -> CpuClock:
    """The clock of one process and its children."""

    def clock() -> float:
        process = psutil.Process(pid)
        return sum(map(_of_process, [process, *process.children(recursive=True)]))

    return clock


async def postgres_clock(database: str) -> CpuClock:
    """The clock of the server processes that are connected to one database of a server on this machine.

    Connections that end within a measurement are lost to it, so a pool is opened before and closed after.
    """
    connection = await asyncpg.connect(f"{POSTGRES_URL}/{database}")
    try:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        postmaster = psutil.Process(backend).ppid()
    finally:
        await connection.close()
    title_part = f" {database} "

    def serves_database(process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return title_part in " ".join(process.cmdline())
        return False

    def clock() -> float:
        return sum(map(_of_process, filter(serves_database, psutil.Process(postmaster).children())))

    return clock


async def redis_clock() -> CpuClock:
    """The clock of the Redis server, with everything it does for whomever."""
    async with Redis.from_url(REDIS_URL) as redis:
        info = await redis.info("server")
    return process_clock(int(info["process_id"]))


def _machine_busy_seconds() -> float:
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _idle, _iowait, irq, softirq = map(int, line.split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND


class CpuMeter:
    """Reads the clocks at the start and at the end of a measurement; this process is the group `self`."""

    def __init__(self, clocks: Mapping[str, CpuClock]):
        self._clocks: dict[str, CpuClock] = {**clocks, "self": time.process_time}

    def start(self) -> None:
        """Begin the measurement."""
        self._busy_at_start = _machine_busy_seconds()
        self._at_start = {who: clock() for who, clock in self._clocks.items()}
        self._started = time.perf_counter()

    def stop(self, operations: int) -> tuple[dict[str, float], float]:
        """End it: microseconds of CPU per operation by group, and the cores that all others used."""
        seconds = time.perf_counter() - self._started
        used = {who: max(0.0, clock() - self._at_start[who]) for who, clock in self._clocks.items()}
        busy = _machine_busy_seconds() - self._busy_at_start
        per_operation = {who: spent / max(1, operations) * 1e6 for who, spent in used.items()}
        return per_operation, max(0.0, busy - sum(used.values())) / seconds


async def quiet_machine(patience: float = 5.0, idle_below: float = 0.25) -> None:
    """Wait until the machine is idle for a moment, at most `patience` seconds."""
    deadline = time.perf_counter() + patience
    while time.perf_counter() < deadline:
        busy, started = _machine_busy_seconds(), time.perf_counter()
        await asyncio.sleep(0.4)
        if (_machine_busy_seconds() - busy) / (time.perf_counter() - started) < idle_below:
            return
