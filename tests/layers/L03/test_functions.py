"""Functions as tools: their schema, their call, and how one that does not end is ended."""

from __future__ import annotations

import asyncio
import enum
import os
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agentic.layers.L03_tool_execution.errors import (
    ArgumentsError,
    ResultError,
    ToolFailedError,
    ToolRefusedError,
    ToolStoppedError,
)
from agentic.layers.L03_tool_execution.functions import from_function, tool, tool_of
from agentic.layers.L03_tool_execution.threads import stuck
from agentic.layers.L03_tool_execution.tool import Rules, Tool, ToolContext
from tests.layers.L03 import tricky
from tests.layers.L03.conftest import eventually

pytestmark = pytest.mark.anyio


class Unit(enum.StrEnum):
    """What to count in."""

    CELSIUS = "c"
    KELVIN = "k"


class Place(BaseModel):
    """Where."""

    city: str
    near: Place | None = None


@tool(idempotent=True, timeout=3)
def weather(
    place: Place, day: date, unit: Unit = Unit.CELSIUS, *, hours: Annotated[int, Field(ge=1)] = 1
) -> dict[str, Any]:
    """The weather of a day.

    As it will be.

    Args:
        place: Where it
            is wanted.
        day: Which day.

    Returns:
        Degrees.
    """
    assert isinstance(place, Place) and isinstance(day, date) and isinstance(unit, Unit)
    return {"city": place.city, "day": day, "unit": unit, "hours": hours}


async def call(made: Tool, arguments: dict[str, Any], **context: Any) -> Any:
    return await made.run(ToolContext(made.name, **context), arguments)


def made(function: Any) -> Tool:
    found = tool_of(function)
    assert found is not None
    return found


def test_the_schema_says_what_types_and_docstring_say() -> None:
    parameters = made(weather).parameters
    assert made(weather).description == "The weather of a day.\n\nAs it will be."
    assert parameters["required"] == ["place", "day"]
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["place"]["description"] == "Where it is wanted."
    assert parameters["properties"]["day"] == {
        "type": "string",
        "format": "date",
        "description": "Which day.",
    }
    assert parameters["properties"]["hours"] == {"type": "integer", "minimum": 1, "default": 1}
    assert "title" not in str(parameters)
    assert made(weather).rules == Rules(idempotent=True, timeout=3)


def test_a_parameter_called_title_stays() -> None:
    def post(title: str, description: str) -> None:
        """Posts.

        :param title: The title.
        :param str description: The rest.
        """

    assert made_of(post).parameters["properties"] == {
        "title": {"type": "string", "description": "The title."},
        "description": {"type": "string", "description": "The rest."},
    }


def made_of(function: Any, **options: Any) -> Tool:
    return from_function(function, **options)


async def test_arguments_arrive_typed_and_the_result_leaves_as_json() -> None:
    arguments = {"place": {"city": "Kyiv", "near": {"city": "Brovary"}}, "day": "2026-11-26", "unit": "k"}
    assert await call(made(weather), arguments) == {
        "city": "Kyiv",
        "day": "2026-11-26",
        "unit": "k",
        "hours": 1,
    }
    assert weather(Place(city="x"), date(2026, 1, 1))["hours"] == 1  # it is still a function
    with pytest.raises(ArgumentsError, match="day"):
        await call(made(weather), {**arguments, "day": "tomorrow"})


async def test_an_async_function_runs_on_the_loop_and_a_plain_one_does_not() -> None:
    async def there() -> int:
        """Where."""
        return threading.get_ident()

    def elsewhere() -> int:
        """Where."""
        return threading.get_ident()

    assert await call(made_of(there), {}) == threading.get_ident()
    assert await call(made_of(elsewhere), {}) != threading.get_ident()


async def test_a_context_is_given_to_who_asks_and_hidden_from_models() -> None:
    def who(context: ToolContext, n: int) -> str:
        """Who."""
        return f"{context.agent_id} {n}"

    assert list(made_of(who).parameters["properties"]) == ["n"]
    assert await call(made_of(who), {"n": 1}, agent_id="a") == "a 1"


@pytest.mark.parametrize("wrong", [lambda *args: 1, lambda x, /: x, lambda **more: 1])
def test_what_cannot_be_called_by_name_is_no_tool(wrong: Any) -> None:
    with pytest.raises(TypeError, match="cannot be given by its name"):
        from_function(wrong, name="wrong")


def test_types_without_a_schema_and_unknown_rules_are_refused_at_once() -> None:
    def wrong(lock: threading.Event) -> None:
        """Nothing."""

    with pytest.raises(TypeError, match="no JSON Schema"):
        from_function(wrong)
    with pytest.raises(TypeError, match="there is no rule tiemout"):
        tool(tiemout=3)


@dataclass
class Pair:
    """Two."""

    a: int
    b: tuple[Literal["x"], ...]


async def test_a_dataclass_is_a_result_and_a_lock_is_none() -> None:
    def pair() -> Pair:
        """A pair."""
        return Pair(1, ("x",))

    def lock() -> Any:
        """A lock."""
        return threading.Lock()

    def other() -> int:
        """Not what it says."""
        return "text"  # type: ignore[return-value]

    assert await call(made_of(pair), {}) == {"a": 1, "b": ["x"]}
    for wrong in (lock, other):
        with pytest.raises(ResultError):
            await call(made_of(wrong), {})


async def test_what_a_function_raises_ends_nothing_else() -> None:
    def refuses() -> None:
        """Refuses."""
        raise ToolRefusedError("not on Sundays")

    def stops() -> None:
        """Stops an iteration."""
        raise StopIteration

    def leaves() -> None:
        """Leaves."""
        raise SystemExit(3)

    async def leaves_the_loop() -> None:
        """Leaves."""
        raise KeyboardInterrupt

    with pytest.raises(ToolRefusedError, match="Sundays"):
        await call(made_of(refuses), {})
    for function in (stops, leaves, leaves_the_loop):
        with pytest.raises(ToolFailedError):
            await call(made_of(function), {})


async def test_a_thread_that_loops_for_ever_is_ended() -> None:
    begun, ended = threading.Event(), threading.Event()

    def loops() -> None:
        """Loops."""
        begun.set()
        try:
            while True:
                time.sleep(0.001)
        except Exception:
            pass  # what is raised in it is no Exception
        finally:
            ended.set()

    task = asyncio.ensure_future(call(made_of(loops), {}))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert stuck() == 0


async def test_a_thread_that_cannot_be_ended_is_counted_until_it_ends() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def hangs() -> None:
        """Hangs in one call that Python cannot interrupt."""
        begun.set()
        let_go.wait()

    task = asyncio.ensure_future(call(made_of(hangs), {}))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stuck() == 1
    let_go.set()
    await eventually(lambda: stuck() == 0)


async def test_an_isolated_function_has_a_process_of_its_own() -> None:
    assert await call(made(tricky.process), {}) not in (os.getpid(), None)
    assert await call(made(tricky.double), {"n": 2}) == 4
    with pytest.raises(ToolRefusedError, match="odd"):
        await call(made(tricky.double), {"n": 3})
    with pytest.raises(ToolFailedError, match="ZeroDivisionError"):
        await call(made(tricky.double), {"n": 0})


async def test_a_secret_of_the_platform_is_not_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", "hush")
    monkeypatch.setenv("DATABASE_URL", "postgresql://hush")
    monkeypatch.setenv("OF_THE_USER", "yes")
    seen = await call(made(tricky.environment), {})
    assert "hush" not in str(seen)
    assert seen["OF_THE_USER"] == "yes"


@pytest.mark.parametrize("function", [tricky.ends, tricky.takes_all_memory, tricky.prints_a_gigabyte])
async def test_an_isolated_function_harms_only_itself(function: Any) -> None:
    with pytest.raises((ToolStoppedError, ToolFailedError)):
        await call(made(function), {})


@pytest.mark.parametrize("function", [tricky.loops, tricky.forks])
async def test_an_isolated_function_ends_with_all_that_it_started(function: Any, tmp_path: Any) -> None:
    pids = tmp_path / "pids"
    task = asyncio.ensure_future(call(made(function), {"pids": str(pids)}))
    wanted = 1 if function is tricky.loops else 3
    await eventually(lambda: pids.exists() and len(pids.read_text().split()) >= wanted)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # All are killed at once; the system takes its time to end each.
    await eventually(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False
