"""Whether it has a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.json_schema import NotASchemaError, check_schema
from agentic.layers.L01_data_layer.models.fields import JsonObject
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject


def _schema(value: dict[str, Any]) -> dict[str, Any]:
    try:
        check_schema(value)
    except NotASchemaError as error:
        raise ValueError(str(error)[:400]) from None
    return value


class JsonSchema(Evaluator):
    """1 when the output is as the JSON Schema says, and 0 otherwise. Output that is text is read as JSON."""

    kind: Literal["json_schema"]
    # Not `schema`: pydantic has a method of that name.
    json_schema: Annotated[JsonObject, AfterValidator(_schema)]

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Validates, as long as it may."""
        value = subject.output
        if isinstance(value, str):
            try:
                value = jsonio.decode(value)
            except InvalidError:
                if self.json_schema.get("type") != "string":
                    return Finding(0.0, "It is not JSON.")
        problems = await means.bounded.problems(self.json_schema, value)
        return Finding(float(not problems), "; ".join(problems) or None, {"problems": len(problems)})
