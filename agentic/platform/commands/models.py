"""`platform models`: what the models of this machine need."""

from __future__ import annotations

from rich.console import Console

from agentic.layers.L04_model_gateway.local_model import weights
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.screen import say_failure


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
