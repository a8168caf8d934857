"""`platform run`: what a person sees of a run, what a program gets, and how the exit code says it ended."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentic.platform.exit_codes import (
    FAILED,
    NOT_RUNNING,
    OK,
    RUN_CANCELLED,
    RUN_FAILED,
    RUN_GOES_ON,
    RUN_WAITS,
)
from tests.kit.commands import CONTROL_C, PATIENCE, plain_environment, run
from tests.kit.platforms import ScriptedPlatform, until
from tests.kit.providers import Reply, Tool, broken, hangs

SUM = Reply(tools=[Tool("calculator", {"expression": "6 * 7"})], input_tokens=20, output_tokens=5)
ANSWER = Reply("The answer is 42.", input_tokens=30, output_tokens=6)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def last_run(platform: ScriptedPlatform) -> dict[str, Any]:
    return platform.get("L01", "/runs", limit=1)["items"][0]


def test_the_answer_is_the_output_and_the_steps_are_told_beside_it(platform: ScriptedPlatform) -> None:
    platform.agent("ada", "--tool", "calculator", "--instructions", "Be brief.")
    platform.models.script(SUM, ANSWER)
    ended = platform.run("run", "ada", "What is 6 times 7?")
    assert (ended.code, ended.out) == (OK, "The answer is 42.\n")
    for told in ("ada", "calculator", '{"expression": "6 * 7"}', "42", "20 → 5 tokens", "$0.00003"):
        assert told in ended.error
    assert "completed" in ended.error and "3 steps" in ended.error and "50 → 11 tokens" in ended.error
    assert "$0.000072" in ended.error and last_run(platform)["id"] in ended.error


def test_for_programs_it_is_a_line_of_json_for_each_event(platform: ScriptedPlatform) -> None:
    agent_id = platform.agent("programmed", "--tool", "calculator")
    platform.models.script(SUM, ANSWER)
    ended = platform.run("run", agent_id, "What is 6 times 7?", "--json")
    told = events(ended.out)
    assert ended.code == OK and ended.error == ""
    assert [each["data"]["kind"] for each in told if each["event"] == "step"] == ["model", "tool", "model"]
    assert told[-1]["event"] == "run" and told[-1]["data"]["status"] == "completed"
    assert told[-1]["data"]["output"] == "The answer is 42."


def test_a_run_that_fails_says_why(platform: ScriptedPlatform) -> None:
    platform.agent("unlucky")
    platform.models.script(broken(400))
    ended = platform.run("run", "unlucky", "Hi")
    assert (ended.code, ended.out) == (RUN_FAILED, "")
    assert "failed" in ended.error and "E4" in ended.error and "Traceback" not in ended.error


def test_the_input_may_come_from_a_pipe_or_be_json(platform: ScriptedPlatform) -> None:
    platform.agent("piped")
    piped = subprocess.run(
        [sys.executable, "-m", "agentic", "run", "piped"],
        input="What is on\ntwo lines?\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=plain_environment() | platform.environment,
    )
    assert piped.returncode == OK and last_run(platform)["input"] == "What is on\ntwo lines?"
    ended = platform.run("run", "piped", '{"ticket": 5}', "--json-input")
    assert ended.code == OK and last_run(platform)["input"] == {"ticket": 5}
    wrong = platform.run("run", "piped", "{ticket", "--json-input")
    assert wrong.code == FAILED and "not JSON" in wrong.error


def test_a_session_goes_on(platform: ScriptedPlatform) -> None:
    platform.agent("talker")
    first = platform.run("run", "talker", "My name is Ada.", "--session", "new")
    assert first.code == OK and "--session" in first.error
    assert platform.run("run", "talker", "What is my name?", "--session", "last").code == OK
    assert "My name is Ada." in json.dumps(platform.models.calls[-1].body["messages"])
    platform.agent("stranger")
    none = platform.run("run", "stranger", "x", "--session", "last")
    assert none.code == FAILED and "--session new" in none.error


def test_another_model_for_this_run_alone(platform: ScriptedPlatform) -> None:
    platform.agent("steady")
    ended = platform.run("run", "steady", "Hi", "--model", "nowhere/none")
    assert ended.code == RUN_FAILED and "nowhere/none" in ended.error
    assert platform.run("run", "steady", "Hi").code == OK


def test_who_is_not_there_is_said_and_who_may_be_meant(platform: ScriptedPlatform) -> None:
    platform.agent("researcher")
    ended = platform.run("run", "resercher", "Hi")
    assert ended.code == FAILED and "Did you mean 'researcher'?" in ended.error
    twice = [platform.agent("twin"), platform.agent("twin")]
    several = platform.run("run", "twin", "Hi")
    assert several.code == FAILED and all(agent_id in several.error for agent_id in twice)


def test_without_a_platform_it_says_what_to_do(data_dir: Path) -> None:
    ended = run("run", "ada", "Hi", "--data-dir", data_dir)
    assert ended.code == NOT_RUNNING and "platform up" in ended.error and "--url" in ended.error
    nowhere = run("run", "ada", "Hi", "--url", "http://127.0.0.1:1", "--data-dir", data_dir)
    assert nowhere.code == NOT_RUNNING and "127.0.0.1:1" in nowhere.error
    wrong = run("run", "ada", "Hi", "--url", "localhost", "--data-dir", data_dir)
    assert wrong.code == FAILED and "no address" in wrong.error
    assert not data_dir.exists()


def test_a_platform_elsewhere_is_reached_by_its_address(platform: ScriptedPlatform, data_dir: Path) -> None:
    platform.agent("remote")
    ended = run("run", "remote", "Hi", "--url", platform.url, "--data-dir", data_dir)
    assert ended.code == OK and ended.out == "Hello there, friend.\n"


def test_it_need_not_be_waited_for_and_can_be_watched_later(platform: ScriptedPlatform) -> None:
    platform.agent("patient")
    begun = platform.run("run", "patient", "Hi", "--no-wait")
    run_id = begun.out.strip()
    assert begun.code == OK and run_id in begun.error
    watched = platform.run("runs", "watch", run_id)
    assert (watched.code, watched.out) == (OK, "Hello there, friend.\n")


# -- a person is asked


def test_where_nobody_can_be_asked_it_says_how_to_decide(platform: ScriptedPlatform) -> None:
    platform.agent("careful", "--approve", "calculator")
    platform.models.script(SUM, ANSWER)
    ended = platform.run("run", "careful", "What is 6 times 7?")
    run_id = last_run(platform)["id"]
    assert ended.code == RUN_WAITS and ended.out == ""
    assert f"platform runs approve {run_id}" in ended.error and "expression: 6 * 7" in ended.error
    approved = platform.run("runs", "approve", run_id)
    assert approved.code == OK and "Approved" in approved.error
    watched = platform.run("runs", "watch", run_id)
    assert (watched.code, watched.out) == (OK, "The answer is 42.\n")
    twice = platform.run("runs", "approve", run_id)
    assert twice.code == FAILED and "E2013" in twice.error


@pytest.mark.parametrize(("typed", "executed"), [(b"y\n", 1), (b"no do it by hand\n", 0)])
def test_a_person_at_the_terminal_decides_there(
    typed: bytes, executed: int, platform: ScriptedPlatform
) -> None:
    agent_id = platform.agent(f"asking-{executed}", "--approve", "calculator")
    platform.models.script(SUM, ANSWER)
    with platform.typed("run", agent_id, "What is 6 times 7?") as at:
        at.until("[l]ater")
        at.type(typed)
        at.until("completed")
        assert at.end() == OK
        assert at.screen.count("The answer is 42.") == 1
    made = platform.get("L01", "/tool-executions", agent_id=agent_id, status="success")["items"]
    assert len(made) == executed
    if not executed:
        assert "do it by hand" in json.dumps(platform.models.calls[-1].body["messages"])


# -- Ctrl-C


@pytest.mark.parametrize(
    ("typed", "code", "status"),
    [
        (b"l\n", RUN_GOES_ON, "running"),
        (b"c\n", RUN_CANCELLED, "cancelled"),
        (CONTROL_C, RUN_GOES_ON, "running"),
    ],
)
def test_ctrl_c_asks_whether_to_leave_it_or_to_cancel_it(
    typed: bytes, code: int, status: str, platform: ScriptedPlatform
) -> None:
    agent_id = platform.agent(f"slow-{code}-{len(typed)}")
    platform.models.script(hangs(after=2))
    with platform.typed("run", agent_id, "Hi") as at:
        at.until("Hello")  # as it is written, before the step is there
        at.type(CONTROL_C)
        at.until("[w]atch on?")
        at.type(typed)
        assert at.end() == code
    run = platform.get("L01", "/runs", agent_id=agent_id)["items"][0]
    assert platform.run_in_state(run["id"], status)
    platform.run("runs", "cancel", run["id"])


def test_where_nobody_can_be_asked_it_goes_on(platform: ScriptedPlatform) -> None:
    agent_id = platform.agent("left")
    platform.models.script(hangs())
    command = [sys.executable, "-m", "agentic", "run", agent_id, "Hi"]
    environment = plain_environment() | platform.environment
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it is watched
        until(lambda: platform.models.calls)
        process.terminate()
        _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == RUN_GOES_ON and "runs watch" in error
    assert platform.run("runs", "cancel", last_run(platform)["id"]).code == OK
