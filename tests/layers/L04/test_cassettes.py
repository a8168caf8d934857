"""Cassettes: what is recorded is told again exactly, without the model and without the tool; a difference is shown."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from agentic.layers.base.redaction import Redaction
from agentic.layers.base.tool_traffic import Outcome
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L04_model_gateway.cassette_file import VERSION, read
from agentic.layers.L04_model_gateway.cassettes import Ask, CassetteBackend, OnPiece, Player, Recorder
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.errors import (
    CassetteFileError,
    CassetteMismatchError,
    ProviderBusyError,
)

pytestmark = pytest.mark.anyio

NO_SECRETS = Redaction(environment={})


def question(words: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": words}], **more}


def model_that_says(*pieces: str, asked: list[str] | None = None) -> Ask:
    """A model that answers in these pieces, and remembers that it was asked."""

    async def ask(on_piece: OnPiece) -> dict[str, Any]:
        if asked is not None:
            asked.append("".join(pieces))
        for piece in pieces:
            await on_piece(piece)  # type: ignore[misc]
        message = {"role": "assistant", "content": "".join(pieces)}
        return {"message": message, "finish_reason": "stop", "usage": {"output_tokens": len(pieces)}}

    return ask


async def unreachable(*_: Any) -> Any:
    raise AssertionError("a replay reaches no model and no tool")


def gives(value: Any) -> Any:
    async def execute() -> Outcome:
        return {"status": "success", "output": value}

    return execute


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.cassette"


async def test_what_was_recorded_is_told_again_in_the_same_pieces(path: Path) -> None:
    with Recorder(path, {"agent": "a"}, NO_SECRETS) as recorder:
        reply = await recorder.ask(question("hello"), model_that_says("Hel", "lo 👋"))
        outcome = await recorder.carry("add", {"a": 1, "b": 2.5}, gives(3.5))

    heard: list[str] = []
    player = Player.of(path, NO_SECRETS)
    assert await player.ask(question("hello"), unreachable, heard.append) == reply
    assert heard == ["Hel", "lo 👋"]
    assert await player.carry("add", {"b": 2.5, "a": 1}, unreachable) == outcome
    player.finish()
    assert player.cassette.about == {"agent": "a"}


async def test_the_recorder_tells_the_pieces_on_as_they_come(path: Path) -> None:
    heard: list[str] = []

    async def hear(piece: str) -> None:
        heard.append(piece)

    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(question("hello"), model_that_says("a", "b"), hear)
    assert heard == ["a", "b"]


async def test_how_an_answer_travels_makes_no_difference(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        recorded = await recorder.ask(
            question("x", stream=True, user="me", temperature=None), model_that_says("y")
        )
    player = Player.of(path, NO_SECRETS)
    assert await player.ask(question("x", stream=False, metadata={"run": "7"}), unreachable) == recorded


async def test_calls_side_by_side_may_come_in_another_order(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        for name in "abc":
            await recorder.carry("look", {"at": name}, gives(name.upper()))
    player = Player.of(path, NO_SECRETS)
    outcomes = await asyncio.gather(*(player.carry("look", {"at": name}, unreachable) for name in "cab"))
    assert [outcome["output"] for outcome in outcomes] == ["C", "A", "B"]
    player.finish()


async def test_calls_that_ask_the_same_get_their_answers_in_order_of_their_beginning(path: Path) -> None:
    first_may_end = asyncio.Event()

    async def late() -> Outcome:
        await first_may_end.wait()
        return {"status": "success", "output": "first"}

    with Recorder(path, redaction=NO_SECRETS) as recorder:
        first = asyncio.create_task(recorder.carry("roll", {}, late))
        await asyncio.sleep(0)
        await recorder.carry("roll", {}, gives("second"))
        first_may_end.set()
        await first
    player = Player.of(path, NO_SECRETS)
    assert [(await player.carry("roll", {}, unreachable))["output"] for _ in range(2)] == ["first", "second"]


async def test_a_refusal_is_told_again_as_the_class_that_it_was(path: Path) -> None:
    async def busy(_: OnPiece) -> dict[str, Any]:
        raise ProviderBusyError("come back later", retry_after=7)

    with Recorder(path, redaction=NO_SECRETS) as recorder, pytest.raises(ProviderBusyError):
        await recorder.ask(question("x"), busy)
    with pytest.raises(ProviderBusyError, match="come back later") as raised:
        await Player.of(path, NO_SECRETS).ask(question("x"), unreachable)
    assert raised.value.members == {"retry_after": 7}


async def test_a_call_that_was_cancelled_is_not_recorded(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        task = asyncio.create_task(recorder.carry("wait", {}, asyncio.Event().wait))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    assert read(path).entries == []


async def test_a_mismatch_shows_what_differs_and_only_that(path: Path) -> None:
    words = "Line one.\nLine two.\nLine three.\nLine four.\nLine five."
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1, "y": 2}'}}
    recorded = {
        "model": "m",
        "messages": [
            {"role": "system", "content": words},
            {"role": "assistant", "content": None, "tool_calls": [call]},
        ],
    }
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(recorded, model_that_says("y"))
    asked = json.loads(json.dumps(recorded))
    asked["messages"][0]["content"] = words.replace("three", "3")
    asked["messages"][1]["tool_calls"][0]["function"]["arguments"] = '{"y": 2, "x": 7}'
    player = Player.of(path, NO_SECRETS)
    with pytest.raises(CassetteMismatchError) as raised:
        await player.ask(asked, unreachable)
    shown = raised.value.detail.splitlines()
    changes = [line.strip(" ,") for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [change.replace(" ", "").rstrip(",") for change in changes] == [
        '-"Linethree."',
        '+"Line3."',
        '-"x":1',
        '+"x":7',
    ]
    assert "call 1 (model call)" in shown[0] and raised.value.members == {"number": 1}
    assert len(player.left) == 1, "what did not match is still there"


async def test_one_call_more_than_was_recorded_is_refused(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.carry("pay", {"to": "a"}, gives(None))
    player = Player.of(path, NO_SECRETS)
    await player.carry("pay", {"to": "a"}, unreachable)
    with pytest.raises(CassetteMismatchError, match=r"has 1 tool calls, and this is one more(.|\n)*pay"):
        await player.carry("pay", {"to": "a"}, unreachable)


async def test_a_run_that_ends_too_early_is_told_so(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(question("x"), model_that_says("y"))
        await recorder.carry("pay", {"to": "a"}, gives(None))
    player = Player.of(path, NO_SECRETS)
    await player.ask(question("x"), unreachable)
    with pytest.raises(CassetteMismatchError, match=r"before call 2 \(tool call of pay\).*1 of 2"):
        player.finish()


async def test_what_a_caller_does_to_an_answer_changes_no_other(path: Path) -> None:
    asked = question("x")

    async def meddle(_: OnPiece) -> dict[str, Any]:
        asked["messages"].append({"role": "user", "content": "more"})
        return {"message": {"role": "assistant", "content": "y"}}

    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(asked, meddle)
    assert read(path).entries[0].request == question("x")


async def test_no_secret_reaches_the_file_and_the_replay_matches_all_the_same(path: Path) -> None:
    key, known, password = "sk-abcdefghijklmnopqrstuvwx", "correct horse battery", "hunter2"
    redaction = Redaction([known], {"SHOP_API_KEY": "from-the-environment", "HOME": "/home/somebody"})
    asked = question(
        f'Use {key} and {known}; {{"password": "{password}"}} at https://me:{password}@example.org/'
    )

    def arguments() -> dict[str, Any]:
        return {
            "password": password,
            "note": "from-the-environment",
            "home": "/home/somebody",
            "max_tokens": 5,
        }

    with Recorder(path, redaction=redaction) as recorder:
        live = await recorder.ask(asked, model_that_says("The key is sk-abcdefgh", "ijklmnopqrstuvwx."))
        await recorder.carry("login", arguments(), gives({"authorization": "Bearer abcdefgh12345678"}))

    text = path.read_text()
    assert not [
        secret for secret in (key, known, password, "from-the-environment", "12345678") if secret in text
    ]
    assert "/home/somebody" in text and '"max_tokens":5' in text
    assert live["message"]["content"] == f"The key is {key}.", "who records gets everything"

    heard: list[str] = []
    player = Player.of(path, redaction)
    reply = await player.ask(asked, unreachable, heard.append)
    assert "".join(heard) == reply["message"]["content"] == "The key is [redacted]."
    await player.carry("login", arguments(), unreachable)
    player.finish()


def test_redacting_twice_changes_nothing() -> None:
    redaction = Redaction(["a known secret"], {})
    once = redaction.value(
        {"text": "a known secret, Bearer abcdefgh12345678", "token": "x", "n": [1, None, True]}
    )
    assert redaction.value(once) == once


async def test_the_file_says_what_it_is_and_is_for_its_owner_alone(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(question("x"), model_that_says("y"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["cassette"] == VERSION and lines[0]["made_at"].endswith("Z")
    assert list(lines[1]) == ["number", "kind", "request", "pieces", "reply"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_recording_never_replaces_another(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(CassetteFileError, match="exists already"):
        Recorder(path)
    assert path.read_text() == "precious"


async def test_a_recording_that_was_killed_is_good_up_to_there(path: Path) -> None:
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        await recorder.ask(question("x"), model_that_says("y"))
        await recorder.ask(question("z"), model_that_says("y"))
    path.write_bytes(path.read_bytes()[:-10])
    cassette = read(path)
    assert cassette.cut and [entry.number for entry in cassette.entries] == [1]


HEAD = json.dumps({"cassette": VERSION})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no whole line"),
        ("{}\n", "is not a cassette"),
        ("[1]\n", "line 1: a JSON object"),
        ('{"cassette": 2}\n', "has version 2"),
        (f"{HEAD}\nrubbish\n", "line 2: body: not valid JSON"),
        (f'{HEAD}\n{{"number": 1, "kind": "model"}}\n', "line 2: KeyError"),
        (f'{HEAD}\n{{"number": 1, "kind": "phone", "request": {{}}, "reply": {{}}}}\n', "line 2: KeyError"),
        (f'{HEAD}\n{{"number": 1, "kind": "tool", "request": {{}}}}\n', "line 2: it does not say what came"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line(path: Path, content: str, told: str) -> None:
    path.write_text(content)
    with pytest.raises(CassetteFileError, match=told):
        read(path)


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(CassetteFileError, match="cannot be read"):
        read(path)


class Gateway:
    """A backend of `L04Client` that answers, and counts."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []

    async def complete(self, order: dict[str, Any], on_text: OnPiece | None) -> Any:
        self.orders.append(order)
        if order.get("task") == "embeddings":
            return {"data": [{"embedding": [0.5, 1.0]}]}
        for piece in ("It ", "rains."):
            if on_text is not None:
                await on_text(piece)  # type: ignore[misc]
        usage = {"input_tokens": 3, "output_tokens": 2, "cost": 0.25, "cost_known": True}
        message = {"role": "assistant", "content": "It rains."}
        more = {"finish_reason": "stop", "usage_id": "reserved-1", "provider": "p", "model": "m"}
        return {"message": message, "usage": usage, **more}

    async def answer(self, *_: Any) -> Any:
        raise AssertionError

    async def call(self, *_: Any) -> Any:
        raise AssertionError

    async def close(self) -> None:
        """Nothing."""


@pytest.mark.parametrize("recorded_streamed", [True, False])
@pytest.mark.parametrize("replayed_streamed", [True, False])
async def test_a_client_of_the_gateway_is_recorded_and_replayed(
    path: Path, recorded_streamed: bool, replayed_streamed: bool
) -> None:
    gateway = Gateway()
    run = RunRef("0190a0b0-0000-7000-8000-000000000000", 1, 1)
    live: list[str] = []
    with Recorder(path, redaction=NO_SECRETS) as recorder:
        client = L04Client(backend=CassetteBackend(recorder, gateway))
        on_text = live.append if recorded_streamed else None
        first = await client.complete(question("weather?"), run=run, on_text=on_text)
        vectors = await client.embed({"model": "e", "input": "x"})
    assert first.usage_id == "reserved-1" and len(gateway.orders) == 2
    assert live == (["It ", "rains."] if recorded_streamed else [])
    assert "reserved-1" not in path.read_text() and run.run_id not in path.read_text()

    heard: list[str] = []
    player = Player.of(path, NO_SECRETS)
    offline = L04Client(backend=CassetteBackend(player))
    on_text = heard.append if replayed_streamed else None
    again = await offline.complete(question("weather?"), run=run._replace(step=7), on_text=on_text)
    assert again == first._replace(usage_id=None)
    pieces = ["It ", "rains."] if recorded_streamed else ["It rains."]
    assert heard == (pieces if replayed_streamed else [])
    assert await offline.embed({"model": "e", "input": "x"}) == vectors
    player.finish()
    with pytest.raises(CassetteMismatchError):
        await offline.complete(question("And tomorrow?"))
