"""`platform goal` and `platform plan`: what is shown, what is asked, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentic.platform.exit_codes import FAILED, OK, RUN_CANCELLED, RUN_FAILED, RUN_WAITS
from tests.kit.platforms import ScriptedPlatform, until


def written(folder: Path, *steps: dict[str, Any]) -> Path:
    file = folder / "steps.json"
    file.write_text(json.dumps({"steps": steps}))
    return file


def work_out(step_id: str, expression: Any, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "tool": "calculator", "input": {"expression": expression}, **more}


def test_a_goal_is_shown_and_then_carried_out(platform: ScriptedPlatform, tmp_path: Path) -> None:
    file = written(tmp_path, work_out("six", "6 * 7"), work_out("sum", "1 + 1", depends_on=["six"]))
    shown = platform.run("goal", "Numbers.", "--steps", file)
    assert shown.code == OK, shown
    assert "tool calculator" in shown.out and "Nothing was done" in shown.error
    assert platform.get("L01", "/plans", status="executing")["items"] == []
    ended = platform.run("plan", "approve", "last")
    assert ended.code == OK, ended
    assert set(json.loads(ended.out)) == {"sum"}
    state = json.loads(platform.run("plan", "show", "last", "--json").out)
    assert [task["status"] for task in state["tasks"]] == ["completed", "completed"]
    assert state["report"]["waves"] == [["six"], ["sum"]]
    assert state["plan"]["id"] in platform.run("plan", "list", "--status", "completed").out


def test_what_is_wrong_is_said_and_nothing_is_done(platform: ScriptedPlatform, tmp_path: Path) -> None:
    circle = [work_out("a", "1", depends_on=["b"]), work_out("b", "2", depends_on=["a"])]
    refused = platform.run("goal", "Round and round.", "--steps", written(tmp_path, *circle), "--yes")
    assert refused.code == FAILED and "in a circle" in refused.error and "Traceback" not in refused.error
    goal = platform.get("L01", "/goals", limit=1)["items"][0]
    assert (goal["description"], goal["status"]) == ("Round and round.", "cancelled")
    for text in ("no json", '"text"', '{"steps": 1}'):
        (tmp_path / "steps.json").write_text(text)
        ended = platform.run("goal", "x", "--steps", tmp_path / "steps.json")
        assert ended.code == FAILED and "steps.json" in ended.error and "Traceback" not in ended.error
    missing = platform.run("goal", "x", "--steps", tmp_path / "none.json")
    assert missing.code == FAILED and "cannot be read" in missing.error
    assert "There is no plan" in platform.run("plan", "show", "ffff").error


def test_the_exit_code_says_how_it_ended(platform: ScriptedPlatform, tmp_path: Path) -> None:
    failing = platform.run("goal", "x", "--steps", written(tmp_path, work_out("a", "1 / 0")), "--yes")
    assert failing.code == RUN_FAILED and "'a' failed" in failing.error, failing
    file = written(tmp_path, work_out("a", "1 + 1", approval="Really?"))
    waiting = platform.run("goal", "y", "--steps", file, "--yes")
    assert waiting.code == RUN_WAITS, waiting
    paused = platform.run("plan", "pause", "last")
    assert paused.code == OK and "paused" in paused.error
    assert platform.run("plan", "resume", "last").code == OK
    cancelled = platform.run("plan", "cancel", "last", "--reason", "No.")
    assert cancelled.code == OK and "cancelled" in cancelled.error
    again = platform.run("plan", "approve", "last")
    assert again.code not in (OK, RUN_CANCELLED) and "Traceback" not in again.error
    until(lambda: platform.get("L01", "/approvals", status="pending")["items"] == [])
