"""The routes of runs and their steps."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.run import (
    BEAT_RUNS,
    CANCEL_RUN,
    CLAIM_RUNS,
    FORK_RUN,
    MOVE_RUN,
    PAUSE_RUN,
    RESUME_RUN,
    TELL_RUN,
    USED_BY_RUN,
    WAKE_RUN,
)
from agentic.layers.L01_data_layer.models.run_step import MESSAGE_RUN, RUN_STEPS_OF, STEP_RUN
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with runs."""
    runs, steps = services.runs, services.run_steps
    return [
        Route(CLAIM_RUNS, services.run_claims.claim),
        Route(BEAT_RUNS, services.run_claims.beat),
        *crud(runs),
        Route(STEP_RUN, steps.step),
        Route(RUN_STEPS_OF, steps.of_run),
        Route(MESSAGE_RUN, steps.message),
        Route(MOVE_RUN, runs.move),
        Route(CANCEL_RUN, runs.cancel),
        Route(PAUSE_RUN, runs.pause),
        Route(RESUME_RUN, runs.resume),
        Route(WAKE_RUN, runs.wake),
        Route(USED_BY_RUN, services.run_use.used),
        Route(FORK_RUN, services.run_forks.fork),
        Route(TELL_RUN, services.run_telling.tell),
        *crud(steps),
    ]
