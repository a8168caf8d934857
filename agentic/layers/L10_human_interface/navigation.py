"""The sections that there are, as the sidebar shows them."""

from __future__ import annotations

from typing import Final, NamedTuple


class Section(NamedTuple):
    """One entry of the sidebar; `key` goes there after `g`."""

    name: str
    title: str
    path: str
    icon: str
    key: str


GROUPS: Final[tuple[tuple[str, tuple[Section, ...]], ...]] = (
    (
        "Operate",
        (
            Section("overview", "Overview", "/", "layout-dashboard", "o"),
            Section("agents", "Agents", "/agents", "bot", "a"),
            Section("runs", "Runs", "/runs", "square-play", "r"),
            Section("goals", "Goals and plans", "/goals", "target", "g"),
            Section("tools", "Tools", "/tools", "wrench", "t"),
            Section("approvals", "Approvals", "/approvals", "shield-check", "p"),
        ),
    ),
    (
        "Observe",
        (
            Section("events", "Events", "/events", "radio", "e"),
            Section("usage", "Model usage", "/usage", "cpu", "u"),
            Section("lineage", "Lineage", "/lineage", "waypoints", "n"),
            Section("evaluations", "Evaluations", "/evaluations", "gauge", "v"),
            Section("feedback", "Feedback", "/feedback", "inbox", "f"),
        ),
    ),
    (
        "Improve",
        (
            Section("datasets", "Datasets", "/datasets", "database", "d"),
            Section("improvements", "Improvements", "/improvements", "trending-up", "i"),
        ),
    ),
    (
        "System",
        (
            Section("subscriptions", "Subscriptions", "/subscriptions", "webhook", "s"),
            Section("layers", "Layer health", "/layers", "network", "l"),
        ),
    ),
)

SECTIONS: Final = tuple(section for _, sections in GROUPS for section in sections)
