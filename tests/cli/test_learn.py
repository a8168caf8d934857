"""`platform feedback`, `platform learn`, `platform export`: as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from agentic.platform.exit_codes import FAILED, OK
from tests.kit.platforms import ScriptedPlatform
from tests.kit.providers import ProviderCall, Reply


def test_feedback_is_given_listed_and_handled(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform.agent("told", "--instructions", "Be kind.")
    platform.models.script(Reply("What?"), Reply("Hello, dear."))
    assert platform.run("run", "told", "Hi").code == OK
    given = platform.run("feedback", "give", "last", "--down", "--correction", "Hello.", "--by", "ada")
    assert given.code == OK and len(given.out.split()) == 2
    assert platform.run("run", "told", "Hi").code == OK
    assert platform.run("feedback", "give", "last", "--up", "--say", "Nice.").code == OK
    nothing = platform.run("feedback", "give", "last")
    assert nothing.code == FAILED and "--up" in nothing.error
    both = platform.run("feedback", "give", "last", "--up", "--down")
    assert both.code == FAILED and "both" in both.error

    listed = platform.run("feedback", "list", "--agent", "told")
    assert all(each in listed.out for each in ("thumb up", "thumb down", "correction", "ada", "Nice."))
    assert platform.run("feedback", "handled", "last", "Thanked.").code == OK
    left = json.loads(platform.run("feedback", "list", "--agent", "told", "--unprocessed", "--json").out)
    assert sorted(each["feedback_type"] for each in left) == ["correction", "thumb"]

    out = tmp_path / "pairs"
    made = platform.run("export", "dpo", "--agent", "told", "--test", "0", "--out", out)
    assert made.code == OK and "2 judged runs" in made.error
    pairs = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    assert {(pair["chosen"][0]["content"], pair["rejected"][0]["content"]) for pair in pairs} == {
        ("Hello.", "What?"),
        ("Hello, dear.", "What?"),
    }
    assert (out / "README.md").read_text().startswith("---\nconfigs:")


def test_an_improvement_is_looked_for_promoted_and_taken_back(
    platform: ScriptedPlatform, tmp_path: Path
) -> None:
    def says(call: ProviderCall) -> Reply:
        messages = call.body["messages"]
        text: str = messages[-1]["content"]
        if "An assistant works by these instructions" in text:
            return Reply("```\nShout the number.\n```")
        number = re.findall(r"\d+", text)[0]
        return Reply(f"{number}!" if "Shout" in messages[0]["content"] else number)

    platform.models.otherwise = says
    platform.agent("quiet", "--instructions", "Answer.")
    lines = [{"input": f"Say {number}", "expected": f"{number}!"} for number in range(16)]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    found = platform.run("learn", "start", "quiet", "--cases", file, "--method", "lessons", "--rounds", 2)
    assert found.code == OK, found
    assert "ready" in found.out and "+- Shout the number." in found.out and "held-out" in found.out
    assert "quiet" in platform.run("learn", "list").out
    assert platform.run("learn", "promote", "last", "--by", "ada").code == OK
    assert platform.run("run", "quiet", "Say 99").out == "99!\n"
    assert platform.run("learn", "rollback", "last", "--reason", "Too loud.").code == OK
    assert platform.run("run", "quiet", "Say 99").out == "99\n"
    again = platform.run("learn", "promote", "last")
    assert again.code == FAILED and "E1020" in again.error and "Traceback" not in again.error

    file.write_text("{}\nno json\n")
    wrong = platform.run("learn", "start", "quiet", "--cases", file)
    assert wrong.code == FAILED and "Line 2" in wrong.error
    few = platform.run("learn", "start", "quiet", "--cases", _few(tmp_path))
    assert few.code == FAILED and "E7005" in few.error


def _few(folder: Path) -> Path:
    file = folder / "few.jsonl"
    file.write_text('{"input": "a", "expected": "b"}\n')
    return file
