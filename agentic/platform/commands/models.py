"""`platform models`: which models can be asked, whether one answers, and what the models of this machine need."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.operation import Call
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.models import DISCOVER_PROVIDER, ProviderInfo
from agentic.layers.L04_model_gateway.reachable import ReachableModel, reachable, why_none
from agentic.platform.command_error import CommandError
from agentic.platform.commands.listing import (
    money,
    plain_table,
    print_json,
    print_whole,
    printable,
    say,
    seconds,
    short,
    tokens,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.screen import say_failure

_QUESTION: Final = "Say hello in five words."
_KNOWN: Final = {True: "yes", False: "no", None: "not known"}


class NoModelError(CommandError):
    """No model can be asked."""


def show_all(where: Where, *, json: bool) -> int:
    """Prints the models that can be asked, and why others cannot; answers the exit code."""

    async def work(platform: Reached) -> int:
        providers = await providers_of(platform.l04)
        if json:
            print_json(providers)
            return OK
        table = plain_table("Model", "Context", "Tools", "JSON Schema", "Costs money", right=("Context",))
        for provider in providers:
            if provider["status"] != "ok":
                continue
            for model in provider["models"]:
                context = model["context_length"]
                table.add_row(
                    short(f"{provider['name']}/{model['id']}", 80),
                    "" if context is None else f"{context:,}",
                    "embeddings" if model["embeddings"] else _KNOWN[model["tools"]],
                    "" if model["embeddings"] else _KNOWN[model["json_schema"]],
                    "yes" if provider["paid"] else "no",
                )
        if table.row_count:
            print_whole(table)
        for reason in why_none(providers):
            say(reason)
        if not table.row_count:
            say(what_helps(providers))
        return OK

    return on_platform(where, work)


@dataclass(frozen=True)
class Answered:
    """What came of a question to a model."""

    ok: bool
    model: str
    provider: str | None
    text: str | None
    error: str | None
    usage: dict[str, Any] | None


def test(where: Where, name: str | None, *, json: bool) -> int:
    """Asks a model something, the first one that can be asked unless one is named; answers the exit code."""

    async def work(platform: Reached) -> int:
        wanted = name or (await best_model(platform.l04)).name
        answered = await _asked(platform.l04, wanted)
        if json:
            print_json(asdict(answered))
        else:
            _show_answer(answered)
        return OK if answered.ok else FAILED

    return on_platform(where, work)


async def _asked(l04: L04Client, model: str) -> Answered:
    request = {"model": model, "messages": [{"role": "user", "content": _QUESTION}], "max_tokens": 100}
    try:
        with Console(stderr=True).status(f"Asking {escape(model)}…"):
            reply = await l04.complete(request)
    except PlatformError as error:
        return Answered(False, model, None, None, str(error), None)
    text = reply.message.get("content")
    return Answered(True, reply.model, reply.provider, text, None, dict(reply.usage))


def _show_answer(answered: Answered) -> None:
    if not answered.ok:
        say_failure(CommandError(f"{answered.model} did not answer. {answered.error}"))
        return
    console = Console(highlight=False)
    console.print(f"[dim]{_QUESTION}[/]")
    console.print(escape(printable(answered.text or "(nothing)")), soft_wrap=True)
    usage = answered.usage or {}
    first = usage.get("ttft_ms")
    facts = [
        f"{answered.provider}/{answered.model}",
        seconds((usage.get("latency_ms") or 0) / 1000),
        *([f"first token after {first} ms"] if first is not None else []),
        tokens(usage),
        money(usage.get("cost") if usage.get("cost_known") else None),
    ]
    console.print(f"[green]✓[/]  [dim]{escape('  '.join(facts))}[/]", soft_wrap=True)


async def providers_of(l04: L04Client) -> list[ProviderInfo]:
    """The providers. One at which nobody has looked yet is looked at."""
    providers = await l04.providers()
    unknown = [Call({"name": each["name"]}) for each in providers if each["status"] == "unknown"]
    if not unknown:
        return providers
    await asyncio.gather(*(l04.backend.call(DISCOVER_PROVIDER, call) for call in unknown))
    return await l04.providers()


async def best_model(l04: L04Client) -> ReachableModel:
    """The model that is asked when nobody says which.

    Raises:
        NoModelError: none can be; it says why, and what helps.
    """
    providers = await providers_of(l04)
    found = reachable(providers)
    if not found:
        reasons = "\n".join(f"  {reason}" for reason in why_none(providers))
        raise NoModelError(f"No model can be asked.\n{reasons}\n{what_helps(providers)}")
    return found[0]


def what_helps(providers: list[ProviderInfo]) -> str:
    """The one command that helps when there is no model."""
    if any(provider["kind"] == "local" and not provider["enabled"] for provider in providers):
        return "The local model is switched off; its provider's configuration says so."
    missing = weights.missing()
    return f"{missing} It is small, and answers without an account." if missing else ""


def install_local() -> int:
    """Fetches the local model's file and says what is still missing; answers the exit code."""
    console = Console(highlight=False)
    try:
        file = weights.install(lambda sentence: console.print(sentence, markup=False, soft_wrap=True))
    except weights.InstallError as error:
        say_failure(error)
        return FAILED
    console.print(f"The local model's file is {file}", markup=False, soft_wrap=True)
    if missing := weights.missing():
        console.print(missing, markup=False, soft_wrap=True)
    return OK
