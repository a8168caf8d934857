"""What people think of answers: given where an answer stands, shown there again, and processed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.datastructures import FormData

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L10_human_interface.forms import actor, text_in, value_of
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import CORRECTION, DOWN, THUMB, UP

RATINGS: Final = {"up": UP, "down": DOWN}
SOURCE: Final = "dashboard"
NOTED: Final = "Noted."
ON_A_RUN: Final = 20
LATEST: Final = 200
"""How many of an agent's latest pieces of feedback are looked through for those on its answers."""


async def give(site: Site, form: FormData) -> Feedback:
    """A thumb on a run, or what it should have answered.

    Raises:
        InvalidError: it is neither.
    """
    rating, correction = text_in(form, "rating"), text_in(form, "correction")
    if rating not in RATINGS and not correction:
        raise InvalidError.of(("rating", f"not one of {', '.join(RATINGS)}"))
    run = await site.l01.runs.get(text_in(form, "run_id"))
    fields: dict[str, Any] = (
        {"feedback_type": CORRECTION, "correction": value_of(correction)}
        if correction
        else {"feedback_type": THUMB, "rating": RATINGS[rating]}
    )
    return await site.l01.feedback.create(
        agent_id=run["agent_id"],
        task_id=run["task_id"],
        run_id=run["id"],
        content=text_in(form, "content") or None,
        source=SOURCE,
        author=actor(),
        **fields,
    )


async def process(site: Site, feedback_id: str, done: str) -> None:
    """Marks feedback as processed, with what was done with it."""
    handled = {"done": done or NOTED, "by": actor(), "at": timestamp()}
    await site.l01.feedback.update(feedback_id, {"processed": True, "handled": handled})


async def on_run(site: Site, run_id: str) -> list[Feedback]:
    """The feedback on one run, the newest first."""
    return (await site.l01.feedback.list(run_id=run_id, limit=ON_A_RUN))["items"]


async def on_runs(site: Site, agent_id: str) -> Mapping[str, Feedback]:
    """The latest feedback on each of an agent's runs, as far back as pages look."""
    return latest((await site.l01.feedback.list(agent_id=agent_id, limit=LATEST))["items"])


def latest(newest_first: Iterable[Feedback]) -> dict[str, Feedback]:
    """The newest feedback on each run."""
    found: dict[str, Feedback] = {}
    for item in newest_first:
        if item["run_id"] is not None:
            found.setdefault(item["run_id"], item)
    return found
