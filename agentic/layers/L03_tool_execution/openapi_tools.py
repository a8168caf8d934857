"""The operations of an OpenAPI document (3.0 or 3.1) as tools, each a record of its own that can be changed and switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from agentic.layers.L03_tool_execution.definition import KEYWORD, check
from agentic.layers.L03_tool_execution.errors import DefinitionError
from agentic.layers.L03_tool_execution.http_tools import SAFE, joined
from agentic.layers.L03_tool_execution.outgoing import parse_url

METHODS: Final = ("get", "put", "post", "delete", "patch", "head")
MOST: Final = 1000
LONGEST: Final = 1000
WHOLE: Final = "body"
"""The argument that is the whole body, where its schema is no plain object."""
_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")
_REFERENCE: Final = "#/components/schemas/"


class Made(NamedTuple):
    """A tool as it is kept: the fields of its record."""

    name: str
    description: str
    schema_def: dict[str, Any]


class Document:
    """An OpenAPI document."""

    def __init__(self, document: Mapping[str, Any], base_url: str | None, found_at: str | None) -> None:
        if not str(document.get("openapi", "")).startswith("3."):
            raise DefinitionError("This is no OpenAPI 3 document: it has no `openapi: 3.…`.")
        self._document = document
        self._base = base_url or self._server(found_at)
        parse_url(self._base)
        components = _object(_object(document.get("components")).get("schemas"))
        self._schemas = {name: _adapted(schema) for name, schema in components.items()}

    def tools(
        self, prefix: str, include: list[str] | None, headers: Mapping[str, Any]
    ) -> tuple[list[Made], dict[str, str]]:
        """A tool for each operation that is wanted, and why there is none for others."""
        made: list[Made] = []
        skipped: dict[str, str] = {}
        for path, method, operation, shared in self._operations():
            label = str(operation.get("operationId") or f"{method}_{path}")
            if include is not None and label not in include:
                continue
            try:
                made.append(self._tool(prefix, label, path, method, operation, shared, headers))
            except DefinitionError as error:
                skipped[label] = error.detail
            if len(made) > MOST:
                raise DefinitionError(
                    f"The document has more than {MOST} operations; name those that are wanted."
                )
        for missing in set(include or ()) - {
            *skipped,
            *(str(each.schema_def[KEYWORD]["operation"]) for each in made),
        }:
            skipped[missing] = "there is no such operation"
        for each in made:
            del each.schema_def[KEYWORD]["operation"]
        return made, skipped

    def _operations(self) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
        for path, item in _object(self._document.get("paths")).items():
            whole = self._resolved(_object(item))
            for method in METHODS:
                if isinstance(whole.get(method), Mapping):
                    yield path, method, _object(whole[method]), list(whole.get("parameters") or [])

    def _tool(
        self,
        prefix: str,
        label: str,
        path: str,
        method: str,
        operation: Mapping[str, Any],
        shared: list[Any],
        headers: Mapping[str, Any],
    ) -> Made:
        shape = _Shape()
        own = cast("list[Any]", operation.get("parameters") or [])
        for raw in [*shared, *own]:
            shape.parameter(self._resolved(_object(raw)))
        if operation.get("requestBody") is not None:
            self._take_body(shape, self._resolved(_object(operation["requestBody"])))
        execution: dict[str, Any] = {
            "kind": "http",
            "method": method.upper(),
            "url": joined(self._base, path),
            "places": shape.places,
            "names": shape.names,
            "body": shape.body,
            "headers": dict(headers),
            "idempotent": method.upper() in SAFE,
        }
        schema_def: dict[str, Any] = {
            "type": "object",
            "properties": shape.properties,
            "required": shape.required,
            "additionalProperties": False,
            KEYWORD: execution,
        }
        if needed := self._needed(shape.properties):
            schema_def["$defs"] = needed
        name = _OTHER.sub("_", f"{prefix}{label}").strip("_")[:64]
        told = "\n".join(str(operation[part]) for part in ("summary", "description") if operation.get(part))
        check(name, schema_def, {})
        execution["operation"] = label
        return Made(name, (told or f"{method.upper()} {path}")[:LONGEST], schema_def)

    def _take_body(self, shape: _Shape, body: Mapping[str, Any]) -> None:
        content = _object(body.get("content"))
        kinds = {kind.partition(";")[0].strip(): _object(each) for kind, each in content.items()}
        json_kind = next((kind for kind in kinds if kind.endswith("json") or kind == "*/*"), None)
        kind = json_kind or next(
            (kind for kind in kinds if kind == "application/x-www-form-urlencoded"), None
        )
        if kind is None:
            raise DefinitionError(
                f"its body is {', '.join(kinds) or 'of no kind'}, which cannot be made from JSON"
            )
        shape.body = "json" if json_kind else "form"
        schema = _adapted(kinds[kind].get("schema") or {})
        shape.content(schema, self._object_schema(schema), required=bool(body.get("required")))

    def _object_schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The schema itself when it is a plain object with named fields, however it is referred to."""
        seen = 0
        while (name := _referred(schema)) is not None and seen < 20:
            schema = _object(self._schemas.get(name))
            seen += 1
        combined = any(key in schema for key in ("allOf", "anyOf", "oneOf", "not"))
        return schema if schema.get("properties") and not combined else None

    def _needed(self, value: Any) -> dict[str, Any]:
        """The shared schemas to which `value` refers, and those to which they do."""
        needed: dict[str, Any] = {}
        waiting = [value]
        while waiting:
            for name in _references(waiting.pop()):
                if name not in self._schemas:
                    raise DefinitionError(f"it refers to the schema {name}, which is not there")
                if name not in needed:
                    needed[name] = self._schemas[name]
                    waiting.append(self._schemas[name])
        return needed

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a `$ref` within the document means."""
        seen = 0
        while isinstance(reference := value.get("$ref"), str):
            seen += 1
            if not reference.startswith("#/") or seen > 20:
                raise DefinitionError(f"it refers to {reference}, which is not part of the document")
            found: Any = self._document
            for part in reference[2:].split("/"):
                found = _object(found).get(part.replace("~1", "/").replace("~0", "~"))
            value = _object(found)
        return value

    def _server(self, found_at: str | None) -> str:
        servers = cast("list[Any]", self._document.get("servers") or [])
        first = _object(servers[0] if servers else None)
        url = str(first.get("url") or "/")
        for name, variable in _object(first.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_object(variable).get("default", "")))
        if "://" in url:
            return url
        if found_at is None:
            raise DefinitionError("The document names no server: say where the API is, as `base_url`.")
        return str(parse_url(found_at).join(url))


class _Shape:
    """The arguments of one operation."""

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []
        self.places: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.body = "json"

    def parameter(self, parameter: Mapping[str, Any]) -> None:
        name, place = str(parameter.get("name", "")), parameter.get("in")
        if place == "cookie" or (
            place == "header" and name.lower() in ("accept", "content-type", "authorization")
        ):
            return
        if place not in ("path", "query", "header") or not name:
            raise DefinitionError(f"its parameter {name!r} stands in {place!r}")
        own = _OTHER.sub("_", name)
        if own in self.properties and self.places[own] != place:
            own = f"{own}_{place}"
        described = parameter.get("description")
        schema = _adapted(parameter.get("schema") or {})
        self.properties[own] = {**schema, "description": described} if described else schema
        self.places[own] = str(place)
        if own != name:
            self.names[own] = name
        if (parameter.get("required") or place == "path") and own not in self.required:
            self.required.append(own)

    def content(self, schema: dict[str, Any], fields: Mapping[str, Any] | None, *, required: bool) -> None:
        """The body: its fields are arguments, where that is all that it is and none is called like a parameter."""
        if fields is None or set(fields["properties"]) & set(self.properties):
            if self.body == "form":
                raise DefinitionError("its form is no plain object")
            self.properties[WHOLE] = schema
            self.places[WHOLE] = "content"
            self.required += [WHOLE] if required else []
            return
        for name, each in fields["properties"].items():
            self.properties[name] = each
            self.places[name] = "body"
        self.required += [
            name for name in fields.get("required", []) if required and name in fields["properties"]
        ]


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _referred(schema: Mapping[str, Any]) -> str | None:
    reference = schema.get("$ref")
    return reference.removeprefix("#/$defs/") if isinstance(reference, str) else None


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        if (name := _referred(items)) is not None:
            yield name
        for item in items.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _references(item)


def _adapted(schema: Any) -> Any:
    """A schema of OpenAPI 3.0 or 3.1 as JSON Schema: references to where they will be, `nullable` as a type."""
    if isinstance(schema, list):
        return [_adapted(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    items = cast("Mapping[str, Any]", schema)
    made: dict[str, Any] = {}
    for key, value in items.items():
        if key == "$ref" and isinstance(value, str):
            if not value.startswith(_REFERENCE):
                raise DefinitionError(f"it refers to {value}, which is not among the document's schemas")
            made[key] = f"#/$defs/{value.removeprefix(_REFERENCE)}"
        elif key in ("example", "examples", "xml", "externalDocs", "discriminator", "nullable"):
            continue
        else:
            made[key] = value if key in ("enum", "const", "default") else _adapted(value)
    return _modern(made, nullable=items.get("nullable") is True)


def _modern(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if nullable and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    return schema
