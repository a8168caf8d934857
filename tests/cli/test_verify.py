"""`platform verify`: green on a platform that works, in both modes, and red on one that does not."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.platform.exit_codes import FAILED, NOT_RUNNING, OK
from agentic.platform.ports import PortError, bind
from agentic.platform.verification import bystanders
from agentic.platform.verification.addresses import AddressError, Addresses, of_url
from agentic.platform.verification.bystanders import Bystanders, Process, parse_ps, protected
from agentic.platform.verification.criteria import criteria
from agentic.platform.verification.steps import STEPS
from agentic.platform.verification.walk import Check, CheckFailedError, Result, Walk, walk_through
from tests.architecture.test_specification import ENDPOINTS, lines, nameless
from tests.kit.commands import PATIENCE, plain_environment, run, up
from tests.kit.servers import temporary_folder

pytestmark = pytest.mark.anyio
NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize("mode", ["together", "--separate"])
def test_it_is_green_and_leaves_nothing_that_works(mode: str, data_dir: Path) -> None:
    with up(data_dir, *(() if mode == "together" else (mode,))) as platform:
        status = platform.wait_until_it_runs()
        verified = run("verify", "--data-dir", data_dir)
        assert verified.code == OK, verified
        assert "checks passed" in verified.out and "✗" not in verified.out

        again = run("verify", "--data-dir", data_dir, "--json")
        report = json.loads(again.out)
        assert again.code == OK and report["ok"] and report["failed"] == 0
        steps = {check["step"] for check in report["checks"]}
        assert steps >= {*"123456789", *"abcdefghi", "L02", "L03", "L04"}
        l01 = next(layer["url"] for layer in status["layers"] if layer["id"] == "L01")
        left = httpx2.get(f"{l01}/agents").json()["items"]
        assert {(agent["name"], agent["status"]) for agent in left} == {("running-agent", "terminated")}
        assert left[0]["metadata"] == {"made_by": "platform verify"}
        assert httpx2.get(f"{l01}/runs?status=running&total=true").json()["total"] == 0
        l04 = next(layer["url"] for layer in status["layers"] if layer["id"] == "L04")
        assert {each["name"] for each in httpx2.get(f"{l04}/providers").json()["items"]} == {
            "ollama",
            "local",
        }
        assert run("check", "--data-dir", data_dir).code == OK


def test_without_a_platform_it_says_what_to_do(data_dir: Path) -> None:
    ended = run("verify", "--data-dir", data_dir)
    assert ended.code == NOT_RUNNING and "platform up" in ended.error and "--url" in ended.error
    wrong = run("verify", "--url", "localhost", "--data-dir", data_dir)
    assert wrong.code == FAILED and "no address" in wrong.error


async def test_it_is_green_on_layers_that_were_started_by_hand(
    empty_database_url: str, redis_url: str, data_dir: Path
) -> None:
    """The verification sequence as the specification gives it: three times uvicorn, here on other ports."""
    front_door = three_free_ports()
    stores = {"DATABASE_URL": empty_database_url, "REDIS_URL": redis_url}
    given = plain_environment() | stores | {"PLATFORM_L01_URL": f"http://localhost:{front_door + 2}"}
    layers = {"L01_data_layer": 2, "L09_api_gateway": 0, "L10_human_interface": 1}
    with ExitStack() as stack:
        for layer, distance in layers.items():
            app = f"agentic.layers.{layer}.main:app"
            command = [sys.executable, "-m", "uvicorn", app, "--port", str(front_door + distance)]
            process = stack.enter_context(subprocess.Popen([*command, "--log-level", "error"], env=given))
            stack.callback(process.terminate)
            wait_until_it_answers(f"http://localhost:{front_door + distance}/health/ready", process)
        url = ("--url", f"http://localhost:{front_door}", "--data-dir", data_dir)
        verified = run("verify", *url, environment=stores)
    assert verified.code == OK, verified
    assert "no agent was run" in verified.out
    assert not data_dir.exists()


def three_free_ports() -> int:
    """The first of three that follow each other."""
    while True:
        first = bind("localhost", 0)
        try:
            for distance in (1, 2):
                bind("localhost", first.port + distance).close()
        except PortError:
            continue
        else:
            return first.port
        finally:
            first.close()


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the layer ended"
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


# -- what fails


async def see(addresses: Addresses, *names: str) -> list[Result]:
    """The results of the named checks, and of the cleaning up."""
    checks = [check for check in (*STEPS, *criteria(Bystanders(()))) if check.what in names]
    assert len(checks) == len(names)
    return await walk_through(addresses, checks, lambda _: None)


async def test_what_does_not_answer_fails_and_the_walk_goes_on(
    l01_url: str, database_url: str, redis_url: str
) -> None:
    addresses = Addresses(l01_url, NOWHERE, NOWHERE, database_url, redis_url, None)
    names = (
        "L01 creates an agent",
        "L09 creates an agent, with a key",
        "The dashboard opens",
        "CRUD: agents",
    )
    results = await see(addresses, *names, "The WebSocket is live", "L09 persists via L01")
    ok = {result.what: result.ok for result in results}
    assert ok == {
        "L01 creates an agent": True,
        "L09 creates an agent, with a key": False,
        "The dashboard opens": False,
        "CRUD: agents": True,
        "The WebSocket is live": False,
        "L09 persists via L01": False,
        "Clean up": True,
    }
    assert "does not answer" in results[1].detail
    async with L01Client(l01_url) as l01:
        assert await l01.list_agents() == []


async def test_stores_that_cannot_be_reached_fail(l01_url: str) -> None:
    addresses = Addresses(
        l01_url,
        NOWHERE,
        NOWHERE,
        "postgresql://me:secret@127.0.0.1:1/x",
        "redis://me:secret@127.0.0.1:1",
        None,
    )
    results = await see(
        addresses, "The database exists", "Tables are created", "Writes are published on Redis"
    )
    assert [result.ok for result in results] == [False, False, False, True]
    assert "secret" not in str(results)


async def test_missing_tables_are_named(empty_database_url: str, redis_url: str) -> None:
    addresses = Addresses(NOWHERE, NOWHERE, NOWHERE, empty_database_url, redis_url, None)
    (found, _) = await see(addresses, "Tables are created")
    assert not found.ok and "feedback_entries" in found.detail


async def test_a_broken_check_is_a_failure_and_ends_nothing() -> None:
    async def broken(_: Walk) -> str:
        return {}["what"]

    addresses = Addresses(NOWHERE, NOWHERE, NOWHERE, "", "", None)
    found, cleaned = await walk_through(addresses, [Check("1", "x", broken)], lambda _: None)
    assert not found.ok and "KeyError" in found.detail and cleaned.ok


async def test_what_cannot_be_deleted_is_a_failure(
    l01_url: str, l01_http: L01Client, database_url: str
) -> None:
    async def refer(walk: Walk) -> str:
        agent = await walk.l01("POST", "/agents", {"name": "x"}, 201)
        goal = {"agent_id": walk.made_agent(agent), "description": "x"}
        await walk.l01("POST", "/goals", goal, 201)
        return ""

    addresses = Addresses(l01_url, NOWHERE, NOWHERE, database_url, "", None)
    _, cleaned = await walk_through(addresses, [Check("1", "x", refer)], lambda _: None)
    assert not cleaned.ok and "E1004" in cleaned.detail


async def test_every_endpoint_of_the_specification_is_asked(
    l01_url: str, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[tuple[str, str]] = set()
    ask = Walk.ask

    async def heard(walk: Walk, method: str, url: str, *rest: Any, **more: Any) -> Any:
        path = urlsplit(url).path
        path = re.sub(r"(?<=/config/)[^/]+", "{}", path)
        asked.add((method, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{}", path)))
        return await ask(walk, method, url, *rest, **more)

    monkeypatch.setattr(Walk, "ask", heard)
    sections = [check.what for check in criteria(Bystanders(())) if check.step == "b"]
    addresses = Addresses(l01_url, NOWHERE, NOWHERE, database_url, redis_url, None)
    results = await see(addresses, "L01 creates an agent", *sections)
    assert [result for result in results if not result.ok] == []
    specified = {(line.split()[0], nameless(line.split()[1])) for line in lines(ENDPOINTS)}
    assert len(specified) == 51
    assert specified - asked == set()


# -- addresses


def test_the_layers_keep_their_distance_from_the_front_door() -> None:
    found = of_url("http://[::1]:9000/", None)
    assert (found.l09, found.l10, found.l01) == (
        "http://[::1]:9000",
        "http://[::1]:9001",
        "http://[::1]:9002",
    )


@pytest.mark.parametrize("url", ["localhost", "localhost:8000", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        of_url(url, None)


# -- the protected processes

PM2 = Process(10, 1, "then", "PM2 v5.3.0: God Daemon (/home/me/.pm2)")
ITS_CHILD = Process(11, 10, "then", "node /srv/anything.js")
NAMED = Process(13, 5, "then", "python -m mcp-server-files")
ANOTHER = Process(14, 5, "then", "/home/mcp/bin/postgres -D /home/mcp/data")


def test_pm2_and_what_it_runs_and_what_calls_itself_mcp_are_protected() -> None:
    everything = [PM2, ITS_CHILD, NAMED, ANOTHER]
    assert protected(everything) == [PM2, ITS_CHILD, NAMED]


def test_they_are_unaffected_when_each_is_still_the_same_process() -> None:
    seen = [[PM2, ITS_CHILD, ANOTHER], [PM2, ITS_CHILD, NAMED]]
    assert "2 processes" in Bystanders((), lambda: seen.pop(0)).unaffected()
    assert "none runs" in Bystanders((), lambda: [ANOTHER]).unaffected()


@pytest.mark.parametrize("after", [[PM2], [PM2, ITS_CHILD._replace(started="now")]])
def test_one_that_ended_or_started_anew_is_named(after: list[Process]) -> None:
    seen = [[PM2, ITS_CHILD], after]
    with pytest.raises(CheckFailedError, match=r"anything\.js"):
        Bystanders((), lambda: seen.pop(0)).unaffected()


def test_one_that_the_platform_started_is_named() -> None:
    between = Process(20, 7, "then", "sh")
    child = NAMED._replace(parent=20)
    with pytest.raises(CheckFailedError, match="started by the platform"):
        Bystanders({7}, lambda: [between, child]).unaffected()


@pytest.fixture
def service() -> Generator[subprocess.Popen[bytes]]:
    """A process that calls itself MCP."""
    with temporary_folder() as folder:
        program = folder / "document-consolidator-mcp.py"
        program.write_text("import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()")
        with subprocess.Popen(
            [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout and process.stdout.read(1) == b"."
            yield process
            process.kill()


def test_real_processes_are_seen(service: subprocess.Popen[bytes]) -> None:
    watched = Bystanders(())
    assert service.pid in {process.pid for process in protected(bystanders.processes())}
    assert "the same before and after" in watched.unaffected()
    service.kill()
    service.wait()
    with pytest.raises(CheckFailedError, match=str(service.pid)):
        watched.unaffected()


def test_the_listing_of_ps_is_read() -> None:
    listing = (
        "    1     0 Sun Nov 22 11:10:41 2026     /sbin/launchd\n"
        "  345     1 Sun Nov  1 01:00:00 2026     node /opt/mcp-files/index.js --a b\n"
    )
    assert parse_ps(listing) == [
        Process(1, 0, "Sun Nov 22 11:10:41 2026", "/sbin/launchd"),
        Process(345, 1, "Sun Nov  1 01:00:00 2026", "node /opt/mcp-files/index.js --a b"),
    ]
