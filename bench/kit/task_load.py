"""A closed-loop generator in process: so many tasks, each awaiting one operation after another."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from bench.kit.cpu import CpuClock, CpuMeter, quiet_machine
from bench.kit.sample import Sample


async def task_load(
    operation: Callable[[], Awaitable[object]],
    *,
    tasks: int,
    seconds: float,
    clocks: Mapping[str, CpuClock],
    settled: Callable[[], Awaitable[None]] | None = None,
    warm_up: float = 0.5,
) -> Sample:
    """Repeat an operation in so many tasks for so many seconds; `settled` is as in http_load."""
    await quiet_machine()
    latencies: list[float] = []
    done = 0
    count_from = time.perf_counter() + warm_up
    stop_at = count_from + seconds

    async def repeat() -> None:
        nonlocal done
        now = time.perf_counter()
        while now < stop_at:
            started = now
            await operation()
            now = time.perf_counter()
            done += 1
            if now >= count_from:
                latencies.append(now - started)

    meter = CpuMeter(clocks)
    meter.start()
    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(repeat())
    if settled:
        await settled()
    measured = time.perf_counter() - count_from
    cpu_us, foreign_cores = meter.stop(done)
    return Sample.of(latencies, measured, cpu_us, foreign_cores)
