"""`platform run --record` and `--replay`: the same run again, with no model and no tool asked."""

import json
from pathlib import Path

from agentic.platform.exit_codes import FAILED, OK, RUN_FAILED
from tests.kit.commands import run
from tests.kit.platforms import ScriptedPlatform, until
from tests.kit.providers import ProviderCall, Reply, Tool, broken, hangs

SUM = Reply(tools=[Tool("calculator", {"expression": "6 * 7"})])
ANSWER = Reply("The answer is 42.")
QUESTION = "What is 6 times 7?"


def test_what_was_recorded_is_told_again(platform: ScriptedPlatform, tmp_path: Path) -> None:
    agent_id, file = platform.agent("recorded", "--tool", "calculator"), tmp_path / "run.jsonl"
    platform.models.script(SUM, ANSWER)
    recorded = platform.run("run", "recorded", QUESTION, "--record", file)
    assert (recorded.code, recorded.out) == (OK, "The answer is 42.\n")
    assert f"3 calls are recorded in {file}" in recorded.error
    kinds = [json.loads(line).get("kind") for line in file.read_text().splitlines()]
    assert kinds == [None, "model", "tool", "model"]

    asked, platform.models.otherwise = len(platform.models.calls), broken(500)
    replayed = platform.run("run", "recorded", "--replay", file)
    assert (replayed.code, replayed.out) == (OK, "The answer is 42.\n")
    assert "when it was recorded" in replayed.error
    assert len(platform.models.calls) == asked
    executed = platform.get("L01", "/tool-executions", agent_id=agent_id)["items"]
    assert len(executed) == 1
    runs = platform.get("L01", "/runs", agent_id=agent_id)["items"]
    assert [each["status"] for each in runs] == ["completed", "completed"]


def test_a_difference_ends_it_and_is_shown(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform.agent("differing")
    file = tmp_path / "run.jsonl"
    assert platform.run("run", "differing", "One.", "--record", file).code == OK
    differing = platform.run("run", "differing", "Two.", "--replay", file)
    assert differing.code == RUN_FAILED and differing.out == ""
    assert "E4091" in differing.error and '-      "content": "One."' in differing.error
    assert '+      "content": "Two."' in differing.error


def test_a_recording_that_goes_on_is_a_difference_too(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform.agent("shorter", "--tool", "calculator")
    file = tmp_path / "run.jsonl"
    platform.models.script(SUM, ANSWER)
    assert platform.run("run", "shorter", QUESTION, "--record", file).code == OK
    head, first, *rest = file.read_text().splitlines()
    ended = json.loads(first)
    ended["reply"]["message"] = {"role": "assistant", "content": "I guess 42."}
    file.write_text("\n".join([head, json.dumps(ended), *rest]) + "\n")
    shorter = platform.run("run", "shorter", "--replay", file)
    assert shorter.code == FAILED and "E4091" in shorter.error and "2 of 3 calls" in shorter.error


def test_a_recorded_run_is_carried_by_its_command_alone(platform: ScriptedPlatform, tmp_path: Path) -> None:
    agent_id = platform.agent("waiting", "--approve", "calculator")
    file = tmp_path / "run.jsonl"
    platform.models.script(SUM, ANSWER)
    with platform.typed("run", agent_id, QUESTION, "--record", file) as at:
        at.until("[l]ater")
        at.type(b"yes\n")
        at.until("3 calls are recorded")
        assert at.end() == OK
    platform.models.script(hangs())
    with platform.typed("run", agent_id, "Hi", "--record", tmp_path / "cut.jsonl") as at:
        until(
            lambda: (
                platform.models.calls and platform.models.calls[-1].body["messages"][-1]["content"] == "Hi"
            )
        )
        at.type(b"\x03")
        at.until("[c]ancel it, or [w]atch on?")
        at.type(b"c\n")
        at.end()
    newest = platform.get("L01", "/runs", agent_id=agent_id)["items"][0]
    assert newest["status"] == "cancelled"


def test_what_cannot_be_is_said(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform.agent("plain")
    there = tmp_path / "there.jsonl"
    there.write_text("")
    taken = platform.run("run", "plain", "Hi", "--record", there)
    assert taken.code == FAILED and "exists already" in taken.error
    nothing = platform.run("run", "plain", "--replay", tmp_path / "none.jsonl")
    assert nothing.code == FAILED and "none.jsonl" in nothing.error
    both = run("run", "plain", "Hi", "--record", tmp_path / "a", "--replay", tmp_path / "b")
    assert both.code == 2 and "either" in both.error


def test_the_runs_of_other_agents_are_recorded_with_it(platform: ScriptedPlatform, tmp_path: Path) -> None:
    """A boss asks two colleagues at once, one of whom uses a tool: all that any of them heard is told again."""
    colleagues = [platform.agent(name, "--tool", "calculator") for name in ("ann", "bob")]
    file = tmp_path / "boss.jsonl"
    boss = platform.agent("boss", "--configuration", _with_subagents(tmp_path, "ann", "bob"))

    def say(call: ProviderCall) -> Reply:
        last = call.body["messages"][-1]
        if last["role"] == "tool":
            return Reply(f"I heard {last['content']}")
        if last["content"] == "Begin.":
            return Reply(tools=[Tool("ann", {"input": "Count."}), Tool("bob", {"input": "Greet."})])
        return SUM if last["content"] == "Count." else Reply("Hello.")

    platform.models.otherwise = say
    recorded = platform.run("run", "boss", "Begin.", "--record", file)
    assert recorded.code == OK, recorded
    kinds = [json.loads(line).get("kind") for line in file.read_text().splitlines()[1:]]
    assert (kinds.count("model"), kinds.count("tool")) == (5, 1)

    asked, platform.models.otherwise = len(platform.models.calls), broken(500)
    replayed = platform.run("run", "boss", "--replay", file)
    assert (replayed.code, replayed.out) == (OK, recorded.out)
    assert len(platform.models.calls) == asked
    assert len(platform.get("L01", "/tool-executions", agent_id=colleagues[0])["items"]) == 1
    for agent_id in (boss, *colleagues):
        runs = platform.get("L01", "/runs", agent_id=agent_id)["items"]
        assert [each["status"] for each in runs] == ["completed", "completed"]


def _with_subagents(folder: Path, *names: str) -> Path:
    file = folder / "boss.json"
    file.write_text(json.dumps({"tools": [{"agent": name} for name in names]}))
    return file
