"""Errors from which a model sees what to change, and schemas that fetch nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.L03_tool_execution.errors import ArgumentsError, DefinitionError
from agentic.layers.L03_tool_execution.pipeline import parsed
from agentic.layers.L03_tool_execution.validation import schema_of

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["c", "k"]},
        "places": {
            "type": "array",
            "items": {"type": "object", "required": ["lat"], "properties": {"lat": {"type": "number"}}},
        },
        "when": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": "^[0-9]{4}$"}]},
    },
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({}, "city", "required, and missing"),
        ({"city": "x"}, "city", "too short"),
        ({"city": "Kyiv", "days": "3"}, "days", "must be of type integer, not string ('3')"),
        ({"city": "Kyiv", "days": True}, "days", "must be of type integer, not boolean"),
        ({"city": "Kyiv", "days": 9}, "days", "9 is greater than the maximum of 7"),
        ({"city": "Kyiv", "unit": "f"}, "unit", "must be one of 'c', 'k', not 'f'"),
        (
            {"city": "Kyiv", "town": 1},
            "town",
            "there is no such argument; there are: city, days, unit, places, when",
        ),
        ({"city": "Kyiv", "places": [{"lat": 1}, {}]}, "places.1.lat", "required, and missing"),
        ({"city": "Kyiv", "when": "then"}, "when", "fits none of the allowed forms"),
        ([], "arguments", "must be of type object, not array"),
    ],
)
def test_each_error_names_its_field_and_what_is_wanted(value: Any, field: str, message: str) -> None:
    (error,) = schema_of(SCHEMA).errors(value)
    assert error["field"] == field
    assert message in error["message"]


def test_all_that_is_wrong_is_told_at_once_and_no_more_than_a_model_reads() -> None:
    assert len(schema_of(SCHEMA).errors({"days": 9, "unit": "f", "x": 1})) == 4
    many = {f"field{n}": n for n in range(1000)}
    assert len(schema_of(SCHEMA).errors({"city": "Kyiv", **many})) == 20
    (error,) = schema_of(SCHEMA).errors({"city": "Kyiv", "days": "9" * 10_000})
    assert len(error["message"]) < 400


def test_a_schema_is_looked_at_before_it_is_used() -> None:
    with pytest.raises(DefinitionError, match="properties/a/type"):
        schema_of({"type": "object", "properties": {"a": {"type": "text"}}})


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/schema", "file:///etc/passwd", "#/$defs/missing"])
def test_a_reference_leads_nowhere_outside(reference: str) -> None:
    with pytest.raises(DefinitionError, match="does not hold"):
        schema_of({"$ref": reference}).errors({})


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"type": "object", "properties": {"of": {"$ref": "#"}}, "additionalProperties": False}
    assert schema_of(tree).errors({"of": {"of": {}}}) == []
    (error,) = schema_of(tree).errors({"of": {"on": {}}})
    assert error["field"] == "of.on"
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"of": deep}
    assert schema_of(tree).errors(deep) == [{"field": "arguments", "message": "nested too deeply"}]


def test_arguments_come_as_an_object_or_as_its_text() -> None:
    assert parsed("t", '{"a": 1}') == {"a": 1}
    assert parsed("t", None) == parsed("t", " ") == parsed("t", {}) == {}
    for wrong in ('{"a": }', "[1]", [1], 3, '{"a": "\\u0000"}', {"a": float("nan")}, '"text"'):
        with pytest.raises(ArgumentsError) as caught:
            parsed("t", wrong)
        assert caught.value.members["errors"][0]["field"]
