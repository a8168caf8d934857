"""Exports: examples in the formats of TRL, with their origin; none twice, no secret, nothing tested that was learned."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import UnreachableError
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L07_learning import exporting
from agentic.layers.L07_learning.client import Export, L07Client
from agentic.layers.L07_learning.conversations import KEYS, opening_of
from agentic.layers.L07_learning.errors import NoFolderError, NoParquetError, NotExportedError
from agentic.layers.L07_learning.layer import Learning
from agentic.layers.L07_learning.settings import L07Settings
from agentic.layers.L07_learning.splitting import is_test
from tests.layers.L02.conftest import Tools
from tests.layers.L06.conftest import EAGER
from tests.layers.L07.lived import a_run, an_agent, carry

pytestmark = pytest.mark.anyio

SECRET = "sk-abcdefghijklmnopqrstuvwx"


async def exported(l07: L07Client, kind: str, **fields: Any) -> tuple[Export, dict[str, list[Any]]]:
    """An export that is over, and the examples in its files."""
    begun = await l07.export(kind, **fields)
    export = await l07.wait_for_export(begun["id"], 60)
    assert export["status"] == "completed", export["reason"]
    assert export["result"] is not None
    folder = Path(export["result"]["folder"])
    files = {each["name"]: (folder / each["name"]).read_text() for each in export["result"]["files"]}
    return export, {name: [json.loads(line) for line in text.splitlines()] for name, text in files.items()}


def said(messages: list[Any]) -> list[tuple[str, str | None]]:
    return [(message["role"], message["content"]) for message in messages]


async def test_conversations_with_tools_become_sft(
    alone: L07Client, l01_local: L01Client, tools: Tools
) -> None:
    agent_id = await an_agent(l01_local, instructions="Be exact.", tools=["add"])
    good = await a_run(l01_local, agent_id, "2 + 3?", ("add", {"a": 2, "b": 3}, 5), "It is 5.")
    bad = await a_run(l01_local, agent_id, "3 + 3?", "It is 7.")
    plain = await a_run(l01_local, agent_id, "4 + 3?", "It is 7!")
    given = await alone.thumb(good["id"], up=True, author="ada")
    correction = await alone.give(bad["id"], "correction", correction="It is 6.", author="bob")
    await alone.thumb(plain["id"], up=False)

    export, files = await exported(alone, "sft", test=0)
    first, second = files["train.jsonl"]
    assert [set(message) for message in first["messages"]] == [set(KEYS)] * 5
    assert said(first["messages"]) == [
        ("system", "Be exact."),
        ("user", "2 + 3?"),
        ("assistant", None),
        ("tool", "5"),
        ("assistant", "It is 5."),
    ]
    (call,) = first["messages"][2]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", "add")
    assert json.loads(call["function"]["arguments"]) == {"a": 2, "b": 3}
    assert (first["messages"][3]["name"], first["messages"][3]["tool_call_id"]) == ("add", call["id"])
    assert json.loads(first["tools"])[0]["function"]["name"] == "add"
    assert first["lineage"]["run_id"] == good["id"]
    assert (first["lineage"]["feedback_ids"], first["lineage"]["by"]) == ([given["id"]], ["ada"])
    assert first["lineage"]["at"] == given["created_at"]

    assert said(second["messages"])[-1] == ("assistant", "It is 6.")
    assert second["lineage"]["feedback_ids"] == [correction["id"]]
    result = export["result"]
    assert result is not None and result["skipped"] == {"not said to be good": 1}
    assert (result["examples"], result["judged_runs"], result["duplicates"]) == (2, 3, 0)


async def test_answers_with_their_labels_become_kto(alone: L07Client, l01_local: L01Client) -> None:
    agent_id = await an_agent(l01_local, instructions="Be kind.")
    for answer, up in (("Hello, dear.", True), ("What?", False)):
        run = await a_run(l01_local, agent_id, "Hi", answer)
        await alone.thumb(run["id"], up=up)
    _, files = await exported(alone, "kto", test=0)
    assert [
        (said(each["prompt"]), said(each["completion"]), each["label"]) for each in files["train.jsonl"]
    ] == [
        ([("system", "Be kind."), ("user", "Hi")], [("assistant", "Hello, dear.")], True),
        ([("system", "Be kind."), ("user", "Hi")], [("assistant", "What?")], False),
    ]


async def test_forks_retries_corrections_and_comparisons_become_dpo(
    alone: L07Client, l01_local: L01Client
) -> None:
    agent_id = await an_agent(l01_local, tools=["look"])
    origin = await a_run(l01_local, agent_id, "Where?", ("look", {"at": "map"}, "north"), "South.")
    fork = await l01_local.runs.fork(origin["id"], 2)
    fork = await carry(l01_local, fork["id"], "North.")
    await alone.thumb(origin["id"], up=False)
    await alone.thumb(fork["id"], up=True)
    one = await a_run(l01_local, agent_id, "When?", "Now.")
    again = await a_run(l01_local, agent_id, "When?", "Then.")
    await alone.give(again["id"], "comparison", better_than=one["id"], author="ada")
    wrong = await a_run(l01_local, agent_id, "Who?", "Me.")
    await alone.give(wrong["id"], "correction", correction="You.")
    unlike = await a_run(l01_local, agent_id, "How?", "So.")
    await alone.give(unlike["id"], "comparison", better_than=one["id"])

    export, files = await exported(alone, "dpo", test=0)
    pairs = {
        (said(each["prompt"])[-1], said(each["chosen"])[-1][1], said(each["rejected"])[-1][1])
        for each in files["train.jsonl"]
    }
    assert pairs == {
        (("tool", "north"), "North.", "South."),
        (("user", "When?"), "Then.", "Now."),
        (("user", "Who?"), "You.", "Me."),
    }
    compared = next(each for each in files["train.jsonl"] if said(each["chosen"])[-1][1] == "Then.")
    assert (compared["lineage"]["run_id"], compared["lineage"]["rejected_run_id"]) == (again["id"], one["id"])
    result = export["result"]
    assert result is not None and result["skipped"] == {"not asked the same": 1}


async def test_secrets_are_taken_out_and_the_same_is_there_once(
    alone: L07Client, l01_local: L01Client
) -> None:
    agent_id = await an_agent(l01_local)
    for _ in range(2):
        run = await a_run(
            l01_local, agent_id, f"My key is {SECRET}", ("login", {"password": "hunter22"}, "ok"), "Kept."
        )
        await alone.thumb(run["id"], up=True)
    export, files = await exported(alone, "sft", test=0)
    text = json.dumps(files)
    assert SECRET not in text and "hunter22" not in text and "[redacted]" in text
    result = export["result"]
    assert result is not None
    assert (result["examples"], result["duplicates"], result["redacted"]) == (1, 1, 2)


async def test_nothing_is_tested_that_was_learned(alone: L07Client, l01_local: L01Client) -> None:
    """Turns of one session, and runs that were asked the same, stand on the same side."""
    agent_id = await an_agent(l01_local)
    for number in range(12):
        session = await l01_local.sessions.create(agent_id=agent_id)
        for turn in range(3):
            text = f"Topic {number}" if turn == 0 else f"More of {number}, {turn}"
            run = await a_run(l01_local, agent_id, text, f"Answer {turn}", session_id=session["id"])
            await alone.thumb(run["id"], up=True)
        same = await a_run(l01_local, agent_id, f"topic  {number}", f"Another answer to {number}")
        await alone.thumb(same["id"], up=True)
    _, files = await exported(alone, "sft", test=0.4, seed=3)
    assert set(files) == {"train.jsonl", "test.jsonl"}
    sides: dict[str, set[str]] = {}
    for name, examples in files.items():
        for each in examples:
            sides.setdefault(opening_of(each["messages"][0]["content"]), set()).add(name)
            # What was said before in the session is part of the example.
            if "More" in each["messages"][-2]["content"]:
                assert each["messages"][0]["content"].startswith("Topic")
    assert len(sides) == 12 and all(len(names) == 1 for names in sides.values())
    assert sum(names == {"test.jsonl"} for names in sides.values()) == sum(
        is_test(opening_of(f"Topic {number}"), 0.4, 3) for number in range(12)
    )
    assert all(len(examples) % 4 == 0 and examples for examples in files.values())


async def test_a_cut_export_is_made_anew_and_comes_to_the_same_files(
    l01_local: L01Client, alone: L07Client, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 4)
    agent_id = await an_agent(l01_local)
    for number in range(11):
        run = await a_run(l01_local, agent_id, f"Question {number}", f"Answer {number}")
        await alone.thumb(run["id"], up=True)
    whole, files = await exported(alone, "sft", seed=1)
    late = await a_run(l01_local, agent_id, "Question 11", "Answer 11")

    pages = 0
    fetch = exporting.Exports._page  # pyright: ignore[reportPrivateUsage]

    async def dies_at_the_third_page(self: Any, *given: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise UnreachableError
        return await fetch(self, *given)

    await alone.thumb(late["id"], up=True)
    folder = tmp_path / "other"
    write = _layer(l01_local, tools, folder)._exports._write  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(exporting.Exports, "_page", dies_at_the_third_page)
    with pytest.raises(UnreachableError):
        await write(whole["id"], whole["asked"])
    monkeypatch.setattr(exporting.Exports, "_page", fetch)
    part = folder / f".{whole['id']}.part"
    part.mkdir()  # a process that is killed does not tidy up
    (part / "train.jsonl").write_text("half a li")
    done = await write(whole["id"], whole["asked"])
    assert whole["result"] is not None
    assert done["files"] == whole["result"]["files"]
    assert [path.name for path in folder.iterdir()] == [whole["id"]]
    assert await write(whole["id"], whole["asked"]) == done  # whole, but its step was not written
    assert sum(map(len, files.values())) == 11


def _layer(l01: L01Client, tools: Tools, folder: Path) -> Learning:
    context = Context()
    context.give(l01)
    context._clients[type(tools)] = tools  # pyright: ignore[reportPrivateUsage]
    return Learning(context, L07Settings(exports_dir=folder), Jobs("L07", context, EAGER))


async def test_a_card_says_what_the_columns_are(alone: L07Client, l01_local: L01Client) -> None:
    run = await a_run(l01_local, await an_agent(l01_local), "Hi", "Hello.")
    await alone.thumb(run["id"], up=True)
    export, _ = await exported(alone, "kto", test=0)
    assert export["result"] is not None
    card = (Path(export["result"]["folder"]) / "README.md").read_text()
    assert re.match(r"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n", card)
    assert "  - name: completion\n    list:\n    - name: role\n      dtype: string\n" in card
    assert "  - name: label\n    dtype: bool\n" in card


async def test_files_are_fetched_and_no_others(
    alone: L07Client, alone_http: L07Client, l01_local: L01Client
) -> None:
    run = await a_run(l01_local, await an_agent(l01_local), "Hi", "Hello.")
    await alone_http.thumb(run["id"], up=True)
    export, _ = await exported(alone_http, "sft", test=0)
    base = f"{alone_http.backend.base_url}/exports/{export['id']}/files"  # type: ignore[attr-defined]
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{base}/train.jsonl")).text.count("\n") == 1
        refused = await client.get(f"{base}/result.json")
        assert (refused.status_code, refused.json()["code"]) == (404, NotExportedError.code)
    for l07 in (alone, alone_http):
        pieces = [piece async for piece in await l07.export_file(export["id"], "train.jsonl")]
        assert b"".join(pieces).count(b"\n") == 1
        for export_id, name in ((export["id"], "result.json"), (run["id"], "train.jsonl")):
            with pytest.raises((NotExportedError, NotFoundError)):
                await l07.export_file(export_id, name)


async def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    alone: L07Client, l01_local: L01Client, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoParquetError):
        await alone.export("sft", file_format="parquet")
    context = Context()
    context.give(l01_local)
    nowhere = Learning(context, L07Settings(), Jobs("L07", context, EAGER)).local_client()
    with pytest.raises(NoFolderError):
        await nowhere.export("sft")
    assert (await l01_local.runs.list())["items"] == (await l01_local.exports.list())["items"] == []


async def test_parquet_holds_what_json_lines_do(alone: L07Client, l01_local: L01Client) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    agent_id = await an_agent(l01_local)
    for up in (True, False):
        run = await a_run(l01_local, agent_id, "Hi", ("look", {"up": up}, "seen"), f"Hello {up}.")
        await alone.thumb(run["id"], up=up, author="ada")
    _, files = await exported(alone, "kto", test=0)
    begun = await alone.export("kto", test=0, file_format="parquet")
    export = await alone.wait_for_export(begun["id"], 60)
    assert export["result"] is not None
    table = parquet.read_table(Path(export["result"]["folder"]) / "train.parquet")
    assert table.to_pylist() == files["train.jsonl"]


LOAD = """
import json, sys
from datasets import load_dataset
loaded = load_dataset(sys.argv[1])
print(json.dumps({split: [dict(row) for row in rows] for split, rows in loaded.items()}))
"""


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
@pytest.mark.parametrize("kind", ["sft", "dpo", "kto"])
async def test_what_is_exported_loads_in_datasets(
    alone: L07Client, l01_local: L01Client, tmp_path: Path, kind: str, file_format: str
) -> None:
    """The package that trainers read with, in a process of its own, offline, from the folder alone."""
    agent_id = await an_agent(l01_local)
    for number in range(12):
        for up in (True, False):
            run = await a_run(l01_local, agent_id, f"Q{number}", ("look", {"up": up}, "seen"), f"A {up}.")
            await alone.thumb(run["id"], up=up, author="ada")
    begun = await alone.export(kind, test=0.5, file_format=file_format)
    export = await alone.wait_for_export(begun["id"], 60)
    assert export["result"] is not None
    folder = export["result"]["folder"]
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = await anyio.run_process([sys.executable, "-c", LOAD, folder], env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    loaded = jsonio.decode(done.stdout.splitlines()[-1])
    counts = {split: len(rows) for split, rows in loaded.items()}
    assert set(counts) == {"train", "test"}
    assert sum(counts.values()) == {"sft": 12, "dpo": 12, "kto": 24}[kind]
    columns = {
        "sft": {"messages"},
        "dpo": {"prompt", "chosen", "rejected"},
        "kto": {"prompt", "completion", "label"},
    }
    assert columns[kind] <= set(loaded["train"][0])
