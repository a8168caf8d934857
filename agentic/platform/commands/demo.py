"""`platform demo`: an example agent with tools, set up, run, and shown in the browser.

Without a platform that runs, it starts one, which stays until Ctrl-C.
"""

from __future__ import annotations

import asyncio
import webbrowser
from typing import Any, Final, NoReturn

from rich.console import Console
from rich.markup import escape

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.models import best_model
from agentic.platform.commands.reached import Reached, Where, on_platform, reached
from agentic.platform.commands.run import Order, begin_and_watch
from agentic.platform.exit_codes import FAILED
from agentic.platform.foundation import Wishes
from agentic.platform.lifetime import leave
from agentic.platform.lifetime import run as run_until_told
from agentic.platform.logs import log_to_terminal
from agentic.platform.ports import LOCALHOST
from agentic.platform.screen import Screen, say_failure
from agentic.platform.state import PlatformState, read_state

NAME: Final = "demo"
TOOLS: Final = ("calculator", "search_documents")
INSTRUCTIONS: Final = (
    "You answer questions with the help of tools. Work out every number with the calculator. When you know the result, "
    "answer in one sentence."
)
QUESTION: Final = "Please work out 12 * 12 with the calculator."
STEADY: Final = {"temperature": 0, "max_tokens": 60}
"""Parameters for the local model: it is too small for anything but its first thought."""
TITLE: Final = "About the demo"
TAG: Final = "platform-demo"
DOCUMENT: Final = (
    "The demo agent was made by `platform demo`. Ask it to calculate, or what the documents say about it; change its "
    "instructions on its page, and run it again from any step."
)


def demo(where: Where, model: str | None, port: int, *, browser: bool) -> NoReturn:
    """Shows the demo, and ends the process with its exit code."""
    if where.url is not None or read_state(where.data_dir) is not None:

        async def work(platform: Reached) -> int:
            return await _show(platform, model, browser=browser)

        leave(on_platform(where, work))
    leave(ending(lambda: _with_a_platform(where, model, port, browser=browser)))


def _with_a_platform(where: Where, model: str | None, port: int, *, browser: bool) -> int:
    from agentic.platform.together import run_together

    screen = Screen()
    shown: list[asyncio.Task[None]] = []

    def ready(state: PlatformState) -> None:
        screen.started(state)
        shown.append(asyncio.create_task(_beside(state, where, model, browser=browser)))

    async def main() -> int:
        log_to_terminal()
        await run_together(Wishes(LOCALHOST, port, where.data_dir), screen, ready)
        return FAILED

    return run_until_told(main, screen.stopping)


async def _beside(state: PlatformState, where: Where, model: str | None, *, browser: bool) -> None:
    """The demo on the platform that this process has just started. What goes wrong with it ends nothing."""
    platform = reached(state.url, {layer.id: layer.url for layer in state.layers}, where.key, state)
    try:
        await _show(platform, model, browser=browser, alone=False)
    except (CommandError, PlatformError) as error:
        say_failure(error)
    Console(stderr=True, highlight=False).print("\nThe platform runs on. Ctrl-C stops it.")


async def _show(platform: Reached, model: str | None, *, browser: bool, alone: bool = True) -> int:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if model is None:
        best = await best_model(platform.l04)
        model = best.name
        console.print(f"The model is [bold]{escape(best.name)}[/]. {escape(best.note)}".rstrip())
        if best.paid:
            console.print("It costs money: a fraction of a cent for this. The run's page says how much.")
    agent = await example(platform, model)
    console.print(
        f"The agent is [bold]{NAME}[/], with the tools {' and '.join(TOOLS)}.  [dim]{agent['id']}[/]"
    )
    console.print(f"It is asked: {QUESTION}\n")
    code = await begin_and_watch(platform, Order(agent["id"], QUESTION), QUESTION, interruptible=alone)
    run = (await platform.l01.runs.list(agent_id=agent["id"], limit=1))["items"][0]
    page = platform.page(f"/runs/{run['id']}")
    console.print(f"\nSee its steps, and try any of them otherwise: {escape(page)}")
    console.print(f'Ask it something of your own: platform run {NAME} "…"')
    if browser:
        await asyncio.to_thread(webbrowser.open, page)
    return code


async def example(platform: Reached, model: str) -> Agent:
    """The example agent, made or brought up to date, and the document that it can find."""
    configuration: dict[str, Any] = {
        "model": model,
        "instructions": INSTRUCTIONS,
        "tools": list(TOOLS),
        "limits": {"steps": 20},
        "parameters": STEADY if model.startswith("local/") else {},
    }
    l01 = platform.l01
    await _document(l01)
    for agent in (await l01.agents.list(name=NAME))["items"]:
        if agent["status"] == "active" and agent["metadata"].get("made_by") == TAG:
            if agent["configuration"].get("model") == model:
                return agent  # with whatever its owner has changed in it
            return await l01.agents.update(agent["id"], {"configuration": configuration})
    return await platform.l02.spawn(NAME, configuration, metadata={"made_by": TAG})


async def _document(l01: L01Client) -> None:
    if not (await l01.documents.list(tag=TAG, limit=1))["items"]:
        await l01.documents.create(title=TITLE, content=DOCUMENT, tags=[TAG])
