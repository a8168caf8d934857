"""A check of schemathesis, which loads this module by its name in SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

UNSAYABLE = re.compile(
    "not a cursor that a (list|check) gave"
    "|a NUL character cannot be stored"
    "|a time is between the years"
    "|not before until"
    "|needed for every scope but all, which has none"
    "|not the id of one, as (agent|run|goal) needs"
    "|part of tokens, so not more"
    "|needed with run_id"
    "|the run has [0-9]+ steps"
    "|not the number of a tool step that is copied"
    "|either cron or at says when"
    "|is no (minute|hour|day|month)|five fields: minute"
    "|there is no time zone"
    "|Input should be a valid integer"  # 1.0, which is one to JSON Schema
)
"""Why a request may be refused that meets its schema."""


@schemathesis.check
def what_is_documented_is_accepted(_: object, response: Any, case: Any) -> None:
    """A refusal of what the document allows names only reasons that no JSON Schema can state."""
    if response.status_code == 422 and case.meta is not None and case.meta.generation.mode.is_positive:
        for error in response.json()["errors"]:
            assert UNSAYABLE.search(error["message"]), f"{error['field']}: {error['message']}"
