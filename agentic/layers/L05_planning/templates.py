"""Templates: plans with gaps, kept as configuration, so that their versions are kept too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.json_schema import LostReferenceError, NotASchemaError, Validator
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.config import Config
from agentic.layers.L05_planning.errors import TemplateError
from agentic.layers.L05_planning.models import TEMPLATES, Template, TemplateAddress, TemplateRecord

GAP: Final = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")


class TemplateStore:
    """The templates that there are."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def list(self, call: Call) -> Answer:
        """All templates, by name."""
        del call
        page = await self._l01().config.list(TEMPLATES, limit=1000)
        items = [_record(config) for config in page["items"]]
        return Answer(jsonio.encode({"items": items}))

    async def get(self, call: Call) -> Answer:
        """One template."""
        record = _record(await self._config(_name(call)))
        return Answer(jsonio.encode(record), record["version"])

    async def set(self, call: Call) -> Answer:
        """Keeps a template under a name; the one that had it stays in its history."""
        name, template = _name(call), validated(Template, call.body)
        _schema(template.parameters)
        value = template.model_dump(mode="json", by_alias=True, exclude_unset=True)
        record = _record(await self._l01().config.set(TEMPLATES, name, value))
        return Answer(jsonio.encode(record), record["version"])

    async def delete(self, call: Call) -> Answer:
        """Takes a template away."""
        name = _name(call)
        await self._config(name)
        await self._l01().config.delete(TEMPLATES, name)
        return Answer(b"")

    async def filled(self, name: str, parameters: Mapping[str, Any]) -> Template:
        """A template with its gaps filled.

        Raises:
            NotFoundError: there is none of this name.
            TemplateError: the parameters do not fill it.
        """
        template = validated(Template, (await self._config(name))["value"])
        defaults = _defaults(template.parameters)
        values = {**defaults, **parameters}
        for error in _errors(template.parameters, values):
            raise TemplateError(f"{name}: {error}")
        steps = [_filled(step, values) for step in template.steps]
        return template.model_copy(update={"steps": steps})

    async def _config(self, name: str) -> Config:
        try:
            return await self._l01().config.get(TEMPLATES, name)
        except NotFoundError:
            raise NotFoundError(f"There is no template {name!r}.") from None


def _name(call: Call) -> str:
    return validated(TemplateAddress, dict(call.path)).name


def _record(config: Config) -> TemplateRecord:
    return {
        "name": config["key"],
        "template": config["value"],
        "version": config["version"],
        "updated_at": config["updated_at"],
    }


def _schema(schema: Mapping[str, Any]) -> Validator:
    try:
        return Validator(schema)
    except NotASchemaError as error:
        raise InvalidError.of(("parameters", f"not a JSON Schema: {error.why[:300]}")) from None


def _errors(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    try:
        found = list(_schema(schema).errors(values))
    except LostReferenceError as error:
        return [f"its parameters refer to {error.reference!r}, which is not there"]
    return (
        [
            "; ".join(
                f"{'.'.join(map(str, each.absolute_path)) or 'parameters'}: {each.message[:300]}"
                for each in found
            )
        ]
        if found
        else []
    )


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties: Any = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {
        name: each["default"]
        for name, each in cast("Mapping[str, Any]", properties).items()
        if isinstance(each, Mapping) and "default" in each
    }


def _filled(value: Any, parameters: Mapping[str, Any]) -> Any:
    """A value with parameters in its gaps. What a parameter says is not looked through for gaps again."""
    if isinstance(value, str):
        return _filled_text(value, parameters)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: _filled(item, parameters) for key, item in members.items()}
    if isinstance(value, list):
        return [_filled(item, parameters) for item in cast("list[Any]", value)]
    return value


def _filled_text(text: str, parameters: Mapping[str, Any]) -> Any:
    def value_of(name: str) -> Any:
        if name not in parameters:
            raise TemplateError(f"There is no parameter {name!r} for {{{{{name}}}}}.")
        return parameters[name]

    if (whole := GAP.fullmatch(text.strip())) is not None:
        return value_of(whole[1])

    def told(gap: re.Match[str]) -> str:
        value = value_of(gap[1])
        return value if isinstance(value, str) else jsonio.encode(value).decode()

    return GAP.sub(told, text)
