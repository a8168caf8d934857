"""The model gateway against calling the provider directly, and against the LiteLLM proxy, whole answers and streams.

The platform runs as a person starts it, with servers of its own; each call has a key of its own and is booked. LiteLLM is installed
by this script in an environment of its own; it checks its master key and books nothing, as it would need a database for that.
The provider answers at once, so what is measured is what stands between.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from bench.kit.cpu import CpuClock, process_clock
from bench.kit.http_load import RequestMaker, http_load, post
from bench.kit.options import Options, read_options
from bench.kit.platform_up import data_folder, forget_servers, platform_up, three_free_ports
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.server import Server, free_port, uvicorn_command
from bench.model_provider import MODEL

LITELLM = "litellm[proxy]==1.108.7"
ENVIRONMENT = Path(os.environ.get("BENCH_LITELLM", Path(tempfile.gettempdir()) / "agentic-bench-litellm"))
"""Where LiteLLM is installed, once."""
MASTER_KEY = "sk-bench"
CHAT = "/v1/chat/completions"
THROUGHPUT_CLIENTS = 8
START_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who answers chat completions."""

    name: str
    port: int
    key: str
    model: str
    clock: CpuClock

    def request(self, *, stream: bool) -> RequestMaker:
        """Asks for one completion."""
        messages = [{"role": "user", "content": "Say twenty tokens, please."}]
        body: dict[str, Any] = {"model": self.model, "messages": messages, "max_tokens": 50}
        if stream:
            body["stream"] = True
        return post(CHAT, body, {"Authorization": f"Bearer {self.key}"})

    async def measure(self, *, stream: bool, clients: int, seconds: float) -> Sample:
        """One round."""
        clocks = {"server": self.clock}
        return await http_load(
            self.port, self.request(stream=stream), clients=clients, seconds=seconds, clocks=clocks
        )


@contextmanager
def provider() -> Generator[Contender]:
    """The provider itself, called directly."""
    port = free_port()
    command = [sys.executable, "-m", "bench.model_provider", "--port", str(port)]
    with Server(command, f"http://127.0.0.1:{port}/v1/models", {}) as server:
        yield Contender("directly", port, "any", MODEL, process_clock(server.pid))


@contextmanager
def platform(upstream: int) -> Generator[tuple[Contender, Server]]:
    """The whole platform, with the provider configured and a key made."""
    port = three_free_ports()
    with data_folder() as folder, platform_up(folder, port, {}) as server:
        command = [sys.executable, "-m", "agentic", "keys", "create", "bench", "--data-dir", str(folder)]
        made = subprocess.run(command, capture_output=True, text=True, check=True)
        setting = {"kind": "openai", "base_url": f"http://127.0.0.1:{upstream}/v1", "paid": False}
        _put(f"http://127.0.0.1:{port}/l04/providers/bench", setting)
        yield Contender("platform", port, made.stdout.strip(), MODEL, process_clock(server.pid)), server


@contextmanager
def alone(whole: Contender) -> Generator[tuple[Contender, Server]]:
    """The gateway in a process of its own, over the platform's data layer: what it takes by itself."""
    port = free_port()
    environment = {"PLATFORM_L01_URL": f"http://127.0.0.1:{whole.port}/l01"}
    command = uvicorn_command("agentic.layers.L04_model_gateway.main:app", port)
    with Server(command, f"http://127.0.0.1:{port}/health/live", environment) as server:
        yield Contender("alone", port, whole.key, MODEL, process_clock(server.pid)), server


def _put(url: str, value: Any) -> None:
    request = urllib.request.Request(url, json.dumps(value).encode(), method="PUT")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def _installed() -> Path:
    """The program `litellm`, installed if it is not."""
    program = ENVIRONMENT / "bin" / "litellm"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", LITELLM]
        subprocess.run(pip, check=True)
    return program


@contextmanager
def litellm(upstream: int) -> Generator[tuple[Contender, Server]]:
    """LiteLLM's proxy in front of the provider: one worker, quiet."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "config.yaml"
        parameters = {
            "model": f"openai/{MODEL}",
            "api_base": f"http://127.0.0.1:{upstream}/v1",
            "api_key": "any",
        }
        settings = {
            "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
            "general_settings": {"master_key": MASTER_KEY},
            "litellm_settings": {"telemetry": False},
        }
        configuration.write_text(json.dumps(settings))  # JSON is YAML
        command = [str(_installed()), "--config", str(configuration), "--port", str(port)]
        command += ["--host", "127.0.0.1", "--telemetry", "False"]
        environment = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        ready = f"http://127.0.0.1:{port}/health/liveliness"
        with Server(command, ready, environment, timeout=START_LIMIT) as server:
            yield Contender("litellm", port, MASTER_KEY, MODEL, process_clock(server.pid)), server


def _megabytes(server: Server) -> float:
    """The memory of a server's process with the processes that it started of its own kind."""
    process = psutil.Process(server.pid)
    own = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in own if each.name().startswith(("python", "litellm"))) / 1e6


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[list[Contender], dict[str, Server]]]:
    """All of them."""
    async with AsyncExitStack() as stack:
        directly = stack.enter_context(provider())
        ours, server = stack.enter_context(platform(directly.port))
        theirs, other = stack.enter_context(litellm(directly.port))
        apart, own = stack.enter_context(alone(ours))
        servers = {"platform": server, "alone": own, "litellm": other}
        yield [directly, ours, apart, theirs], servers


async def _booked(port: int, least: int) -> int:
    """How many calls the platform has booked, once there are so many."""
    deadline = time.perf_counter() + 20
    while True:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/l01/model-usage?limit=1&total=true"
        ) as response:
            total = json.load(response)["total"]
        if total >= least or time.perf_counter() > deadline:
            return total
        await asyncio.sleep(0.2)


def _state_targets(report: Report, memory: float) -> None:
    def p50(sample: Sample) -> float:
        return sample.p50_ms

    for case, promised in (("JSON", 20), ("stream", 25)):
        name = f"{case} at 1"
        direct = report.median(name, "directly").p50_ms
        added = {who: report.median(name, who).p50_ms - direct for who in ("platform", "litellm")}
        report.note(
            f"added p50, {case}: platform {added['platform']:.2f} ms, LiteLLM {added['litellm']:.2f} ms"
        )
        report.at_least(
            f"{case}: LiteLLM's added p50 over ours", promised, added["litellm"] / added["platform"]
        )
    many = f"JSON at {THROUGHPUT_CLIENTS}"
    report.at_least(f"{many}: rate over LiteLLM's", 20, report.ratio(many, "platform", "litellm"))
    many = f"stream at {THROUGHPUT_CLIENTS}"
    report.at_least(f"{many}: rate over LiteLLM's", 20, report.ratio(many, "platform", "litellm"))
    report.at_least("LiteLLM's memory over the gateway's", 5, memory)


async def run(options: Options) -> Report:
    """Whole answers and streams, at one client and at several, round after round."""
    report = Report("A chat completion through the gateway", base="directly")
    async with running() as (contenders, servers):
        for _ in range(options.rounds):
            for clients in (1, THROUGHPUT_CLIENTS):
                for case, stream in (("JSON", False), ("stream", True)):
                    for each in contenders:
                        sample = await each.measure(stream=stream, clients=clients, seconds=options.seconds)
                        report.add(f"{case} at {clients}", each.name, sample)
        megabytes = {name: _megabytes(server) for name, server in servers.items()}
        booked = await _booked(contenders[1].port, 1)
        report.note(f"the platform has booked {booked} calls")
    told = ", ".join(f"{name} {value:.0f} MB" for name, value in megabytes.items())
    report.note(f"memory after it: {told} (platform: all layers; alone: the gateway in a process of its own)")
    _state_targets(report, megabytes["litellm"] / megabytes["alone"])
    return report


if __name__ == "__main__":
    options = read_options(__doc__, rounds=3, seconds=3.0)
    forget_servers()
    print(uvloop.run(run(options)).text())
