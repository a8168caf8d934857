"""What runs are called on pages."""

from __future__ import annotations

from typing import Any, cast

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime import functions
from agentic.layers.L10_human_interface.run_rows import OWN_WORK, title_of
from agentic.platform.catalogue import layer_class


def a_run(**fields: Any) -> Any:
    return cast(
        "Any", {"id": "01a20325-92b7-72c8-a565-dd334b91464a", "configuration": {}, "input": None, **fields}
    )


def test_a_run_is_called_by_what_it_is_for_or_was_given() -> None:
    carried = a_run(configuration={"function": "L05:carry_plan"}, input={"plan_id": "x"})
    assert title_of(carried) == "Carrying out a plan"
    assert title_of(a_run(input="Why is the sky blue?")) == "Why is the sky blue?"
    assert title_of(a_run()) == "Run 4b91464a"


@pytest.mark.parametrize("layer_id", ["L05", "L06", "L07"])
def test_the_names_are_those_of_works_that_there_are(layer_id: str) -> None:
    layer_class(layer_id)(Context())
    named = [reference for reference in OWN_WORK if reference.startswith(layer_id)]
    assert named and all(map(functions.is_known, named))
