"""`platform agents`, `platform tools` and `platform models`: listed, shown, made, switched, tried."""

import json
from pathlib import Path

from agentic.platform.exit_codes import FAILED, OK
from tests.kit.platforms import MODEL, ScriptedPlatform
from tests.kit.providers import Reply, Tool, broken


def test_an_agent_is_made_listed_and_shown(platform: ScriptedPlatform, tmp_path: Path) -> None:
    instructions, configuration = tmp_path / "instructions.txt", tmp_path / "agent.json"
    instructions.write_text("Answer in one word.")
    configuration.write_text(json.dumps({"tools": ["wait"], "limits": {"tokens": 5000}, "model": "other"}))
    made = platform.run(
        *("agents", "create", "made", "--model", MODEL, "--instructions", f"@{instructions}"),
        *("--tool", "calculator", "--approve", "fetch_url", "--max-steps", 9, "--max-cost", 0.5),
        *("--configuration", configuration),
    )
    agent_id = made.out.strip()
    assert made.code == OK and "platform run made" in made.error
    agent = platform.get("L01", f"/agents/{agent_id}")
    assert agent["status"] == "active"
    assert agent["configuration"] == {
        "model": MODEL,
        "instructions": "Answer in one word.",
        "tools": ["wait", "calculator", {"name": "fetch_url", "approval": True}],
        "limits": {"tokens": 5000, "steps": 9, "cost": 0.5},
    }
    listed = platform.run("agents", "list")
    assert listed.code == OK and agent_id in listed.out and "wait, calculator, fetch_url" in listed.out
    assert agent_id in [each["id"] for each in json.loads(platform.run("agents", "list", "--json").out)]
    platform.run("run", "made", "Hi")
    shown = platform.run("agents", "show", "made")
    assert shown.code == OK and "Answer in one word." in shown.out and "completed" in shown.out
    assert len(json.loads(platform.run("agents", "show", agent_id, "--json").out)["last_runs"]) == 1


def test_what_is_wrong_with_a_new_agent_is_said(platform: ScriptedPlatform, tmp_path: Path) -> None:
    tool = platform.run("agents", "create", "x", "--tool", "calcluator")
    assert tool.code == FAILED and "Did you mean 'calculator'?" in tool.error
    file = platform.run("agents", "create", "x", "--configuration", tmp_path / "none.json")
    assert file.code == FAILED and "none.json" in file.error
    (tmp_path / "wrong.json").write_text('{"limits": {"steps": "many"}}')
    wrong = platform.run("agents", "create", "x", "--configuration", tmp_path / "wrong.json")
    assert wrong.code == FAILED and "limits.steps" in wrong.error
    assert all("Traceback" not in ended.error for ended in (tool, file, wrong))


def test_what_a_terminal_would_obey_is_not_shown_to_it(platform: ScriptedPlatform) -> None:
    platform.agent("\x1b]0;owned\x07harmless")
    listed = platform.run("agents", "list")
    assert "harmless" in listed.out and "\x1b" not in listed.out


def test_tools_are_listed_and_shown(platform: ScriptedPlatform) -> None:
    listed = platform.run("tools", "list")
    assert listed.code == OK and "calculator" in listed.out and "Works out" in listed.out
    assert "calculator" in [tool["name"] for tool in json.loads(platform.run("tools", "list", "--json").out)]
    shown = platform.run("tools", "show", "calculator")
    assert shown.code == OK and "expression" in shown.out
    assert json.loads(platform.run("tools", "show", "calculator", "--json").out)["name"] == "calculator"
    none = platform.run("tools", "show", "calcluator")
    assert none.code == FAILED and "calculator" in none.error


def test_a_tool_that_is_off_is_off_at_once(platform: ScriptedPlatform) -> None:
    platform.agent("user", "--tool", "calculator")
    off = platform.run("tools", "disable", "calculator")
    assert off.code == OK and "off" in off.error
    try:
        assert "already" in platform.run("tools", "disable", "calculator").error
        platform.models.script(Reply(tools=[Tool("calculator", {"expression": "1"})]))
        used = platform.run("run", "user", "Calculate.")
        assert used.code == OK and "switched off" in used.error
    finally:
        assert platform.run("tools", "enable", "calculator").code == OK
    platform.models.script(Reply(tools=[Tool("calculator", {"expression": "8 * 8"})]))
    assert "64" in platform.run("run", "user", "Calculate.").error


def test_models_are_listed_and_those_that_cannot_be_asked_explained(platform: ScriptedPlatform) -> None:
    listed = platform.run("models", "list")
    assert listed.code == OK and MODEL in listed.out and "8,192" in listed.out
    assert "ollama" in listed.error and "local" in listed.error
    providers = json.loads(platform.run("models", "list", "--json").out)
    assert "test" in [provider["name"] for provider in providers]


def test_a_model_is_tried(platform: ScriptedPlatform) -> None:
    answered = platform.run("models", "test", MODEL)
    assert answered.code == OK and "Hello there, friend." in answered.out
    assert "11 → 7 tokens" in answered.out and "$0.000025" in answered.out
    assert platform.run("models", "test").code == OK, "without a name: what there is"

    platform.models.script(broken(400))
    failed = platform.run("models", "test", MODEL)
    assert failed.code == FAILED and "did not answer" in failed.error
    unknown = platform.run("models", "test", "nowhere/none", "--json")
    assert unknown.code == FAILED and not json.loads(unknown.out)["ok"]
