"""`platform eval`: a table for a person, JSON for a program, and an exit code for CI."""

import json
from pathlib import Path

import pytest

from agentic.platform.exit_codes import FAILED, NOT_RUNNING, OK, REGRESSED
from tests.kit.commands import run
from tests.kit.platforms import ScriptedPlatform
from tests.kit.providers import ProviderCall, Reply

ITEMS = "\n".join(json.dumps({"input": f"word {n}", "expected": f"WORD {n}"}) for n in range(8))


def says(call: ProviderCall) -> Reply:
    """The one who is careless is wrong; a judge has nothing to say."""
    system, said = call.body["messages"][0]["content"], call.body["messages"][-1]["content"]
    if "You judge" in system:
        return Reply("Hm.")
    return Reply("?" if "careless" in system else said.upper())


@pytest.fixture
def two_agents(platform: ScriptedPlatform) -> ScriptedPlatform:
    platform.models.otherwise = says
    for name in ("careful", "careless"):
        if not platform.get("L01", "/agents", name=name)["items"]:
            platform.agent(name, "--instructions", f"Be {name}.")
    return platform


def test_a_regression_fails_and_its_absence_does_not(two_agents: ScriptedPlatform, tmp_path: Path) -> None:
    file = tmp_path / "words.jsonl"
    file.write_text(ITEMS + '\n{"expected": 1}\n')
    command = ("eval", "words", "--from", file, "--by", "exact")
    worse = two_agents.run(*command, "--agent", "careless", "--baseline", "careful")
    assert worse.code == REGRESSED, worse
    assert "8 items of words.jsonl are new" in worse.error and "Left out: line 9" in worse.error
    assert "worse: of 8 items 0 better, 8 worse, 0 the same" in worse.out
    assert "It has become worse by 1.000." in worse.error
    asked = len(two_agents.models.calls)
    better = two_agents.run("eval", "words", "--agent", "careful", "--baseline", "careless", "--json")
    told = json.loads(better.out)
    assert (better.code, told["passed"]) == (OK, True)
    assert told["experiment"]["summary"]["comparison"]["improved"] is True
    assert len(two_agents.models.calls) == asked, "the same was run before"
    alone = two_agents.run("eval", "words", "--agent", "careless", "--min-score", "0.5")
    assert alone.code == REGRESSED and "below 0.5" in alone.error


def test_what_cannot_be_done_is_said(two_agents: ScriptedPlatform, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("input,expected\na,A\n")
    ended = two_agents.run("eval", "some", "--agent", "careful", "--from", file, "--by", "Is it good?")
    assert ended.code == FAILED and "No answer could be judged" in ended.error
    for arguments, told in (
        (("nothing", "--agent", "careful"), "--from FILE"),
        (("some", "--agent", "nobody"), "no agent 'nobody'"),
        (("some", "--agent", "careful", "--by", "{"), "--by {"),
        (("some", "--agent", "careful", "--by", "magic"), "magic"),
        (("some", "--agent", "careful", "--split", "none"), "no items"),
    ):
        ended = two_agents.run("eval", *arguments)
        assert ended.code == FAILED and told in ended.error and "Traceback" not in ended.error, ended
    ended = run("eval", "x", "--agent", "y", environment={"PLATFORM_DATA_DIR": str(tmp_path)})
    assert ended.code == NOT_RUNNING
