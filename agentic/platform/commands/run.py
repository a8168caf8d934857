"""`platform run`: begins a run of an agent and watches it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.run import Run
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.finding import LAST, NotFoundHereError, agent_of
from agentic.platform.commands.listing import print_json, say
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.commands.run_screen import JsonScreen, TextScreen
from agentic.platform.commands.watching import Terminal, Watch
from agentic.platform.exit_codes import OK

NEW: Final = "new"
NOT_SAID: Final = object()
"""The input of a run that is told what a recorded one was."""


class InputError(CommandError):
    """The input cannot be read."""


@dataclass(frozen=True)
class Order:
    """What is asked for: an agent, by name or id, and what it is to be told."""

    agent: str
    input: str | None = None
    """None, or a dash: it is read from standard input."""
    json_input: bool = False
    session: str | None = None
    model: str | None = None
    priority: int | None = None
    wait: bool = True
    record: Path | None = None
    replay: Path | None = None
    modules: tuple[str, ...] = ()
    """Python modules with agents of somebody's own, for a run that is carried here."""
    json: bool = False
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Laid over the agent's configuration, for this run alone."""


def run(where: Where, order: Order) -> int:
    """Runs an agent; answers the exit code, which says how the run ended."""
    return ending(lambda: _run(where, order, input_of(order)))


async def _with_a_cassette(platform: Reached, order: Order, agent: Agent, value: Any) -> int:
    """Carries the run here, recorded or from a recording; answers the exit code."""
    from agentic.platform.commands import recording
    from agentic.platform.commands.worker import import_modules

    import_modules(order.modules)
    marker = recording.new_marker()
    changes = {**order.changes, **({"model": order.model} if order.model else {})}
    configuration = recording.configuration_for(agent, changes, marker)
    if order.replay is not None:
        player = recording.Player.of(order.replay)
        value = recording.input_of(player) if value is NOT_SAID else value
        cassette = recording.replaying(platform, marker, player)
    else:
        assert order.record is not None
        about = {"agent": agent["name"], "input": value}
        cassette = recording.recording(platform, marker, order.record, about)
    session = await session_of(platform.l01, agent, order.session)
    async with cassette as over:
        begun = await platform.l02.run(agent["id"], value, session_id=session, configuration=configuration)
        code = await _watched(platform, order, agent, begun, carried_here=True)
        if code == OK:
            over()
    return code


async def _watched(
    platform: Reached,
    order: Order,
    agent: Agent,
    begun: Run,
    *,
    interruptible: bool = True,
    carried_here: bool = False,
) -> int:
    screen = JsonScreen() if order.json else TextScreen()
    terminal = None if order.json else Terminal.here()
    watch = Watch(platform, screen, terminal, interruptible=interruptible, carried_here=carried_here)
    return await watch.to_end(begun, agent["name"])


def _run(where: Where, order: Order, value: Any) -> int:
    async def work(platform: Reached) -> int:
        return await begin_and_watch(platform, order, value)

    return on_platform(where, work)


async def begin_and_watch(platform: Reached, order: Order, value: Any, *, interruptible: bool = True) -> int:
    """Begins a run on a platform, and watches it unless it is not to be waited for; answers the exit code.

    Not `interruptible`: Ctrl-C is somebody else's, who ends this by cancelling it.
    """
    agent = await agent_of(platform.l01, order.agent)
    if order.record is not None or order.replay is not None:
        return await _with_a_cassette(platform, order, agent, value)
    session = await session_of(platform.l01, agent, order.session)
    fields: dict[str, Any] = {}
    if order.priority is not None:
        fields["priority"] = order.priority
    changes = {**order.changes, **({"model": order.model} if order.model else {})}
    if changes:
        fields["configuration"] = changes
    begun = await platform.l02.run(agent["id"], value, session_id=session, **fields)
    if session is not None and order.session == NEW:
        say(f"The session is {session}: go on in it with --session {session}, or --session {LAST}.")
    if not order.wait:
        if order.json:
            print_json(begun)
        else:
            print(begun["id"])
            say(f"It runs. `platform runs watch {begun['id']}` watches it.")
        return OK
    return await _watched(platform, order, agent, begun, interruptible=interruptible)


async def session_of(l01: L01Client, agent: Agent, wanted: str | None) -> str | None:
    """The id of the session that is meant: a new one, the agent's last one, or the one with an id.

    Raises:
        NotFoundHereError: the agent has none yet.
    """
    if wanted == NEW:
        return (await l01.sessions.create(agent_id=agent["id"]))["id"]
    if wanted != LAST:
        return wanted
    sessions = (await l01.sessions.list(agent_id=agent["id"], limit=1))["items"]
    if not sessions:
        raise NotFoundHereError(f"{agent['name']!r} has no session yet: begin one with --session {NEW}.")
    return sessions[0]["id"]


def input_of(order: Order) -> Any:
    """What the agent is told.

    Raises:
        InputError: there is nothing, or what is there is no JSON.
    """
    text = order.input
    if text is None and order.replay is not None:
        return NOT_SAID
    if text is None or text == "-":
        if text is None and sys.stdin.isatty():
            raise InputError('Say what the agent is to do: platform run AGENT "input", or - to type it.')
        text = sys.stdin.read().rstrip("\n")
    if not order.json_input:
        return text
    try:
        return jsonio.decode(text)
    except InvalidError as error:
        raise InputError(f"The input is not JSON: {error.detail}") from None


def text_of(value: str) -> str:
    """A text as it was given, or that of the file that is named with an @ before it.

    Raises:
        InputError: the file cannot be read.
    """
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{value[1:]} cannot be read: {error}") from None
