"""`platform runs`: looked at, steered, cancelled, paused, tried again, tried otherwise."""

import json
from typing import Any

from agentic.platform.exit_codes import FAILED, OK, RUN_CANCELLED
from tests.kit.platforms import MODEL, ScriptedPlatform, until
from tests.kit.providers import Reply, Tool, broken, hangs

SUM = Reply(tools=[Tool("calculator", {"expression": "6 * 7"})])
ANSWER = Reply("The answer is 42.")


def completed(platform: ScriptedPlatform, name: str) -> str:
    """The id of a run with two model calls and a tool between them."""
    platform.agent(name, "--tool", "calculator")
    platform.models.script(SUM, ANSWER)
    told = platform.run("run", name, "What is 6 times 7?", "--json").out.splitlines()
    run: dict[str, Any] = json.loads(told[-1])["data"]
    assert run["status"] == "completed"
    return run["id"]


def hanging(platform: ScriptedPlatform, name: str) -> str:
    """The id of a run whose model says nothing."""
    platform.agent(name)
    platform.models.script(hangs())
    run_id = platform.run("run", name, "Hi", "--no-wait").out.strip()
    until(lambda: platform.models.calls)
    return run_id


def test_they_are_listed_and_shown(platform: ScriptedPlatform) -> None:
    run_id = completed(platform, "shown")
    listed = platform.run("runs", "list")
    assert listed.code == OK and "shown" in listed.out and run_id in listed.out and "$0.00005" in listed.out
    of_it = json.loads(platform.run("runs", "list", "--agent", "shown", "--json").out)
    assert [run["id"] for run in of_it] == [run_id]
    none = platform.run("runs", "list", "--agent", "shown", "--status", "failed")
    assert none.code == OK and none.out == "" and "platform run" in none.error

    for reference in (run_id, run_id[-6:], "last"):
        shown = platform.run("runs", "show", reference)
        assert (shown.code, shown.out) == (OK, "The answer is 42.\n")
        assert "asks for calculator" in shown.error and "completed" in shown.error
    whole = json.loads(platform.run("runs", "show", run_id, "--json").out)
    assert [step["kind"] for step in whole["run_steps"]] == ["model", "tool", "model"]
    assert len(whole["model_usage"]) == 2 and whole["pending_approvals"] == []


def test_one_that_is_not_there_is_said(platform: ScriptedPlatform) -> None:
    for reference in ("0198c2a4-0000-7000-8000-000000000000", "ffff", "x"):
        ended = platform.run("runs", "show", reference)
        assert ended.code == FAILED and "There is no run" in ended.error and "Traceback" not in ended.error


def test_a_cancelled_one_is_cut_off_and_what_was_cut_is_paid(platform: ScriptedPlatform) -> None:
    run_id = hanging(platform, "cut")
    ended = platform.run("runs", "cancel", run_id, "--reason", "Too slow.")
    assert ended.code == OK and "cancelled" in ended.error
    until(lambda: platform.models.calls[0].hung_up)
    watched = platform.run("runs", "watch", run_id)
    assert watched.code == RUN_CANCELLED and "Too slow." in watched.error
    until(lambda: platform.get("L01", "/model-usage", run_id=run_id)["items"][0]["status"] == "cut")
    assert "estimated, for 1 call that was cut" in platform.run("runs", "show", run_id).error


def test_one_that_is_over_cannot_be_cancelled(platform: ScriptedPlatform) -> None:
    ended = platform.run("runs", "cancel", completed(platform, "over"))
    assert ended.code == FAILED and "E1020" in ended.error


def test_a_paused_one_goes_on_and_hears_what_is_said_to_it(platform: ScriptedPlatform) -> None:
    run_id = hanging(platform, "steered")
    assert platform.run("runs", "steer", run_id, "In French, please.").code == OK
    assert "suspended" in platform.run("runs", "pause", run_id).error
    platform.run("runs", "cancel", run_id)
    platform.models.script(ANSWER)
    retried = platform.run("runs", "retry", run_id, "--watch")
    assert (retried.code, retried.out) == (OK, "The answer is 42.\n")
    assert "In French, please." in json.dumps(platform.models.calls[-1].body["messages"])


def test_pause_and_resume(platform: ScriptedPlatform) -> None:
    platform.agent("paused", "--approve", "calculator")
    platform.models.script(SUM, ANSWER)
    run_id = platform.run("run", "paused", "What is 6 times 7?", "--no-wait").out.strip()
    platform.run_in_state(run_id, "waiting_approval")
    assert "suspended" in platform.run("runs", "pause", run_id).error
    assert platform.run("runs", "approve", run_id).code == OK
    resumed = platform.run("runs", "resume", run_id)
    assert resumed.code == OK
    assert platform.run("runs", "watch", run_id).out == "The answer is 42.\n"


def test_a_failed_one_is_tried_again(platform: ScriptedPlatform) -> None:
    platform.agent("retried")
    platform.models.script(broken(400))
    platform.run("run", "retried", "Hi")
    retried = platform.run("runs", "retry", "last", "--watch")
    assert (retried.code, retried.out) == (OK, "Hello there, friend.\n")


def test_a_moment_is_tried_otherwise(platform: ScriptedPlatform) -> None:
    run_id = completed(platform, "forked")
    platform.models.script(Reply("It is fifty."))
    forked = platform.run("runs", "fork", run_id, "--tool-result", 2, "50", "--watch")
    assert (forked.code, forked.out) == (OK, "It is fifty.\n")
    assert "copied" in forked.error
    assert platform.models.calls[-1].body["messages"][-1]["content"] == "50"

    begun = platform.run("runs", "fork", run_id, "--step", 0, "--model", MODEL, "--input", "Something else")
    fork = platform.get("L01", f"/runs/{begun.out.strip()}")
    assert (fork["forked_from"], fork["fork_step"], fork["input"]) == (run_id, 0, "Something else")
    assert f"A fork of {run_id}" in platform.run("runs", "show", fork["id"]).error
