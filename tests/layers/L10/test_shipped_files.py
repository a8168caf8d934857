"""What is shipped with the pages: every icon that is used and no other, and the papers of what others wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import agentic
from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.run_step import StepKind
from agentic.layers.L10_human_interface import improvement_page, lineage_page, words
from agentic.layers.L10_human_interface.navigation import SECTIONS
from agentic.layers.L10_human_interface.pages import search

ROOT = Path(agentic.__file__).parent
VENDOR = ROOT / "static" / "vendor"


def used_icons() -> set[str]:
    """The icons that templates name, and those that data names for them."""
    found = {section.icon for section in SECTIONS}
    found |= {item.icon for item in (*search.COMMANDS, *search.PAGES)} | {"bot", "radio"}
    for state in ("created", "active", "suspended", "error", "terminated"):
        found |= {action.icon for action in words.agent_actions(state)}
    found |= {action.icon for actions in improvement_page.ACTIONS.values() for action in actions}
    for state in states.RUN:
        found |= {action.icon for action in words.run_actions(state)}
    for state in (*states.PLAN, "paused"):
        found |= {action.icon for action in words.plan_actions(state)}
    found |= {look.icon for look in lineage_page.LOOKS.values()} | {"bot", "wrench", "sparkles", "target"}
    found |= {words.step_word(kind, "completed").icon for kind in get_args(StepKind)}
    found |= {icon for _, icon in words.LOOKS} | {word.icon for word in words.OPINIONS.values()} | {"star"}
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        found |= set(re.findall(r"icon\('([a-z0-9-]+)'", text))
        found |= set(re.findall(r"empty_state\('([a-z0-9-]+)'", text))
        for choice in re.findall(r"icon\(('[a-z0-9-]+' if [^)]*)\)", text):
            found |= set(re.findall(r"'([a-z0-9-]+)'", choice))
    return found


def test_the_sprite_has_the_icons_in_use_and_no_others() -> None:
    sprite = (VENDOR / "lucide" / "icons.svg").read_text()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == used_icons()


@pytest.mark.parametrize("folder", sorted(path.name for path in VENDOR.iterdir()))
def test_what_others_wrote_has_its_licence_and_version(folder: str) -> None:
    assert "ermission" in (VENDOR / folder / "LICENSE").read_text()
    assert re.search(r"\d+\.\d+\.\d+", (VENDOR / folder / "VERSION").read_text())


def test_no_template_brings_code_or_style_of_its_own() -> None:
    for template in (ROOT / "templates").rglob("*.html"):
        found = re.findall(
            r"<script(?![^>]*\ssrc=)|<style|\son[a-z]+=|\sstyle=|hx-on|js:", template.read_text()
        )
        assert not found, template
