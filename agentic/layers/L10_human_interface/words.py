"""What a status or an event looks like: its word, its tone and its icon, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from agentic.layers.base import jsonio, states


class Word(NamedTuple):
    """A status for the eye: never by colour alone."""

    label: str
    tone: str
    icon: str


LOOKS: Final[Mapping[tuple[str, str], str]] = {
    ("neutral", "circle"): "created no_difference elsewhere",
    (
        "neutral",
        "circle-stop",
    ): "terminated cancelled stopped skipped expired dropped dismissed rolled_back refused",
    ("neutral", "trash-2"): "deleted removed",
    ("queued", "clock"): "pending queued ready draft scheduled activated again",
    ("queued", "inbox"): "unprocessed",
    ("queued", "pencil"): "updated changed edited renamed",
    ("running", "loader-circle"): "active running started executing resumed processing reserved starting",
    (
        "success",
        "circle-check",
    ): "completed success succeeded executed approved ok processed passed granted spawned consumed better promoted following delivered",
    (
        "warning",
        "triangle-alert",
    ): "degraded unknown waiting_approval pending_approval timeout stale not_found retrying waiting failing low",
    ("warning", "scissors"): "cut",
    ("error", "circle-x"): "failed error down crashed rejected permission_denied denied worse dead",
    ("paused", "circle-pause"): "suspended paused",
}
_LABELS: Final = {
    "permission_denied": "Denied",
    "pending_approval": "Waits",
    "waiting_approval": "Waits for you",
    "reserved": "In flight",
    "consumed": "Used",
    "unprocessed": "To process",
}
_WORDS: Final = {
    name: Word(_LABELS.get(name, name.replace("_", " ").capitalize()), tone, icon)
    for (tone, icon), names in LOOKS.items()
    for name in names.split()
}
_SAID_BY: Final = (
    "name",
    "title",
    "description",
    "message",
    "error_message",
    "content",
    "model_name",
    "evaluation_type",
    "feedback_type",
    "key",
)
_UNSAID: Final = frozenset(("id", "did", "version", "status"))
_UNSAID_ENDS: Final = ("_id", "_at")
LONGEST: Final = 160


def status_word(status: str) -> Word:
    """How a status looks; one that is not known is neutral and says its own name."""
    return _WORDS.get(status) or Word(status.replace("_", " ").capitalize(), "neutral", "circle")


def event_word(event_type: str) -> Word:
    """How an event looks: by the last part of its type."""
    return status_word(event_type.rpartition(".")[2])


def summary(payload: Any) -> str:
    """What an event says, in a line: what it names, or what it tells beside ids, times and its status."""
    if not isinstance(payload, dict):
        return "" if payload is None else _line(jsonio.encode(payload).decode())
    fields = cast("dict[str, Any]", payload)
    for name in _SAID_BY:
        if isinstance(fields.get(name), str) and fields[name]:
            return _line(fields[name])
    told = [
        f"{name.replace('_', ' ')} {_value(fields[name])}" for name in fields if _tells(name, fields[name])
    ]
    return _line(", ".join(told))


def _tells(name: str, value: Any) -> bool:
    return name not in _UNSAID and not name.endswith(_UNSAID_ENDS) and value not in (None, {}, [], "")


def _value(value: Any) -> str:
    return value if isinstance(value, str) else jsonio.encode(value).decode()


def _line(text: str) -> str:
    line = " ".join(text[: 4 * LONGEST].split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


class Action(NamedTuple):
    """A change of state that a person may make; one with a warning destroys something and asks first."""

    status: str
    label: str
    icon: str
    warning: str = ""

    @property
    def danger(self) -> bool:
        """True when it asks first."""
        return bool(self.warning)


TERMINATE: Final = Action(
    "terminated",
    "Terminate",
    "circle-stop",
    "An agent that is terminated cannot be started again. What it did stays in the log.",
)


def agent_actions(status: str) -> list[Action]:
    """What may be done with an agent in this state, in the order of the buttons."""
    resumes = status in ("suspended", "error")
    offered = (
        Action("active", "Resume", "rotate-ccw") if resumes else Action("active", "Start", "play"),
        Action("suspended", "Suspend", "pause"),
        TERMINATE,
    )
    return [action for action in offered if action.status in states.AGENT.get(status, frozenset())]


PAUSE: Final = Action("pause", "Pause", "pause")
RESUME: Final = Action("resume", "Resume", "play")
RETRY: Final = Action("retry", "Retry", "rotate-ccw")
CANCEL: Final = Action(
    "cancel",
    "Cancel",
    "circle-stop",
    "What it did stays, and a new run can go on from there. What it began is cancelled too.",
)
_RUN_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "suspended": (RESUME, CANCEL),
    "failed": (RETRY,),
    "cancelled": (RETRY,),
    "completed": (),
}


def run_actions(status: str) -> tuple[Action, ...]:
    """What may be done with a run in this state, in the order of the buttons. The names are those of its addresses."""
    return _RUN_ACTIONS.get(status, (PAUSE, CANCEL))


CANCEL_GOAL: Final = CANCEL._replace(
    warning="The plans that are being carried out for it are cancelled too. What they did stays."
)
CANCEL_PLAN: Final = CANCEL._replace(
    warning="What it began is cancelled too, and so is its goal. What it did stays."
)
_PLAN_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "draft": (Action("approve", "Approve", "shield-check"), CANCEL_PLAN),
    "approved": (Action("execute", "Execute", "play"), CANCEL_PLAN),
    "executing": (PAUSE, CANCEL_PLAN),
    "paused": (RESUME, CANCEL_PLAN),
}


def plan_actions(status: str) -> tuple[Action, ...]:
    """What may be done with a plan in this state, or `paused`. The names are those of its addresses."""
    return _PLAN_ACTIONS.get(status, ())


_KINDS: Final = {
    "model": "sparkles",
    "tool": "wrench",
    "message": "message-square",
    "approval": "shield-check",
    "sleep": "clock",
}


def step_word(kind: str, status: str) -> Word:
    """How a step looks: its icon is that of its kind, its colour that of its outcome."""
    word = status_word(status)
    return Word(kind.capitalize(), word.tone, _KINDS.get(kind, "circle"))


THUMB: Final = "thumb"
CORRECTION: Final = "correction"
UP: Final = 1
DOWN: Final = -1
OPINIONS: Final[Mapping[str, Word]] = {
    "good": Word("Good", "success", "thumbs-up"),
    "bad": Word("Bad", "error", "thumbs-down"),
    CORRECTION: Word("Corrected", "warning", "pencil"),
    "comparison": Word("Better", "success", "git-compare"),
}


def opinion_word(kind: str, rating: int | None) -> Word | None:
    """How feedback looks: by its kind where that says it all, else by its rating; none when it has neither."""
    if rating is None:
        return OPINIONS.get(kind)
    if kind in (THUMB, "outcome"):
        return OPINIONS["good" if rating > 0 else "bad"]
    return Word(f"{rating} of 5" if 1 <= rating <= 5 else str(rating), "neutral", "star")
