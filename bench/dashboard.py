"""What a person sees of the dashboard: the first visit, how late an event is painted, and the way back after a restart.

In Debian's Chromium, on the whole platform. An event's time runs from its `created_at` to the task after the frame in
which its row was painted; both clocks are this machine's.
"""

import asyncio
import shutil
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.async_api import Browser, Page, async_playwright

from bench.kit.cpu import CpuMeter, process_clock, quiet_machine
from bench.kit.http_connection import HttpConnection
from bench.kit.options import Options, read_options
from bench.kit.platform_up import DATA_LAYER, data_folder, platform_up, three_free_ports
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.server import Server
from bench.kit.services import REDIS_URL, own_database

DATABASE = "agentic_bench_dashboard"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PACES = ((5, 50), (50, 80), (1000, 100))
"""Events per second, and the milliseconds within which 95 % of what is shown shall be painted."""
BATCH = 10
PATIENCE = 30_000
WATCH = """() => {
  window.painted = []; window.frames = [];
  const after = new MessageChannel();
  let waiting = [];
  after.port1.onmessage = () => {
    const now = performance.timeOrigin + performance.now();
    for (const written of waiting.splice(0)) painted.push(now - written);
  };
  new MutationObserver((changes) => {
    for (const change of changes) for (const row of change.addedNodes) {
      const written = row.querySelector?.("time")?.dateTime;
      if (written) waiting.push(new Date(written).getTime());
    }
    requestAnimationFrame(() => after.port2.postMessage(0));
  }).observe(document.querySelector("#event-rows"), { childList: true });
  let last = performance.now();
  const frame = (now) => { frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
VISIT = """() => ({
  bytes: [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
    .reduce((sum, entry) => sum + entry.transferSize, 0),
  paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
})"""


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """The browser of the machine; none is downloaded."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        await browser.close()


async def first_visit(browser: Browser, url: str) -> tuple[float, float]:
    """Kilobytes that crossed the wire, and milliseconds to the first content, with nothing cached."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    tab = await context.new_page()
    await tab.goto(url, wait_until="networkidle")
    seen: dict[str, float] = await tab.evaluate(VISIT)
    await context.close()
    return seen["bytes"] / 1000, seen["paint"]


async def watched(browser: Browser, url: str) -> Page:
    """A live page that notes when it paints."""
    tab = await browser.new_page(viewport={"width": 1440, "height": 900})
    await tab.goto(url)
    await tab.wait_for_selector("#live[data-state=on]")
    await tab.wait_for_timeout(1500)
    await tab.evaluate(WATCH)
    return tab


async def send(port: int, per_second: int, seconds: float) -> None:
    """Appends events at a pace; above a hundred a second several with a request."""
    connection = await HttpConnection.open(port + DATA_LAYER)
    size = BATCH if per_second > 100 else 1
    started = time.perf_counter()
    for number in range(0, round(per_second * seconds), size):
        await asyncio.sleep(started + number / per_second - time.perf_counter())
        event = {"event_type": "bench.painted", "aggregate_type": "bench", "aggregate_id": str(uuid4())}
        events = [{**event, "payload": {"name": f"event {number + index}"}} for index in range(size)]
        await connection.post("/events/batch", {"events": events})
    connection.close()


async def paint(
    browser: Browser, server: Server, port: int, per_second: int, seconds: float
) -> tuple[Sample, float]:
    """One round on the overview: how late what was shown was painted, and the longest frame in milliseconds."""
    await quiet_machine()
    tab = await watched(browser, f"http://127.0.0.1:{port}/")
    meter = CpuMeter({"server": process_clock(server.pid)})
    meter.start()
    await send(port, per_second, seconds)
    await tab.wait_for_timeout(500)
    cpu_us, foreign = meter.stop(round(per_second * seconds))
    seen: dict[str, Any] = await tab.evaluate("() => ({painted, frames})")
    await tab.close()
    return Sample.of([late / 1e3 for late in seen["painted"]], seconds, cpu_us, foreign), max(seen["frames"])


async def comes_back(browser: Browser, folder: Path, port: int, environment: dict[str, str]) -> float:
    """Seconds from a restarted platform's first answer to a page that shows what it missed."""
    tab: Page
    with platform_up(folder, port, environment):
        tab = await watched(browser, f"http://127.0.0.1:{port}/events")
        await send(port, 5, 1)
    with platform_up(folder, port, environment):
        answered = time.perf_counter()
        await send(port, 5, 1)
        await tab.wait_for_function("() => painted.length >= 10", timeout=PATIENCE)
        back = time.perf_counter() - answered
        await tab.close()
    return back - 0.8  # The last event is sent four fifths of a second after the first.


async def run(options: Options) -> Report:
    """Visits, then rounds of every pace, then restarts."""
    report = Report("The dashboard in a browser")
    port = three_free_ports()
    visits: list[tuple[float, float]] = []
    longest = {per_second: 0.0 for per_second, _ in PACES}
    async with own_database(DATABASE) as url, chromium() as browser:
        environment = {"DATABASE_URL": url, "REDIS_URL": f"{REDIS_URL}/9"}
        with data_folder() as folder:
            with platform_up(folder, port, environment) as server:
                for _ in range(options.rounds):
                    visits.append(await first_visit(browser, f"http://127.0.0.1:{port}/"))
                    for per_second, _ in PACES:
                        sample, frame = await paint(browser, server, port, per_second, options.seconds)
                        report.add("painted", f"{per_second} events/s", sample)
                        longest[per_second] = max(longest[per_second], frame)
            back = [await comes_back(browser, folder, port, environment) for _ in range(options.rounds)]
    report.at_most("cold transfer", 45, statistics.median(size for size, _ in visits), "kB")
    report.at_most("first contentful paint", 300, statistics.median(late for _, late in visits), "ms")
    for per_second, promised in PACES:
        measured = report.median("painted", f"{per_second} events/s").p95_ms
        report.at_most(f"painted, p95 at {per_second} events/s", promised, measured, "ms")
    report.at_most("longest frame at 1000 events/s", 100, longest[1000], "ms")
    report.at_most("back after a restart", 2, statistics.median(back), "s")
    return report


if __name__ == "__main__":
    print(asyncio.run(run(read_options(__doc__, rounds=3, seconds=6.0))).text())
