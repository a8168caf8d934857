"""HTTP requests and OpenAPI documents as tools, and the secrets that they need."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.errors import DefinitionError, SecretMissingError
from agentic.layers.L03_tool_execution.models import IMPORT_OPENAPI, TOOLS
from agentic.layers.L03_tool_execution.secrets import Secrets
from agentic.layers.L03_tool_execution.tool import Redaction
from tests.layers.L03.conftest import tool_layer
from tests.layers.L03.servers import Judge, judging

pytestmark = pytest.mark.anyio

SECRET = "hush-0123456789"


@pytest.fixture
async def judge() -> AsyncGenerator[Judge]:
    """A server of this machine."""
    async with judging() as running:
        yield running


async def made(l03: L03Client, name: str, properties: dict[str, Any], **execution: Any) -> dict[str, Any]:
    """A tool that was made through the layer's API."""
    schema_def = {
        "type": "object",
        "properties": properties,
        "x-execution": {"kind": "http", **execution},
    }
    body = {"name": name, "description": name, "tool_type": "http", "schema_def": schema_def}
    return await l03.backend.call(TOOLS.operations["create"], Call(body=body))


TEXT = {"type": "string"}


async def test_arguments_go_where_they_belong(l03: L03Client, judge: Judge) -> None:
    properties = {
        "city": TEXT,
        "days": {"type": "integer"},
        "tags": {"type": "array"},
        "trace": TEXT,
        "deep": {},
    }
    await made(
        l03,
        "weather",
        properties,
        method="GET",
        url=f"{judge.url}/weather/{{city}}/days?fixed=1",
        query={"unit": "c"},
        places={"trace": "header"},
        names={"trace": "X-Trace"},
    )
    told = await l03.execute(
        "weather", {"city": "São Paulo/../x", "days": 3, "tags": ["a", "b"], "trace": "t"}
    )
    assert told.status == "success" and told.output["status"] == 200
    (asked,) = judge.asked
    assert asked["raw_path"] == "/weather/S%C3%A3o%20Paulo%2F..%2Fx/days"
    assert asked["query"] == "fixed=1&unit=c&days=3&tags=a&tags=b"
    assert (asked["headers"]["x-trace"], asked["body"]) == ("t", "")

    await made(
        l03, "order", {"n": {}, "note": TEXT, "id": TEXT}, method="POST", url=f"{judge.url}/orders/{{id}}"
    )
    await l03.execute("order", {"id": "7", "n": 2, "note": None} | {"note": "x"})
    assert judge.asked[1]["path"] == "/orders/7"
    assert judge.asked[1]["body"] == {"n": 2, "note": "x"}
    await made(l03, "form", {"a": TEXT}, method="POST", url=f"{judge.url}/form", body="form")
    await l03.execute("form", {"a": "1 & 2"})
    assert judge.asked[2]["body"] == "a=1+%26+2"
    await made(l03, "whole", {"list": {}}, method="PUT", url=f"{judge.url}/list", places={"list": "content"})
    await l03.execute("whole", {"list": [1, 2]})
    assert judge.asked[3]["body"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"part": ".."}, "E3004"),
        ({"part": "."}, "E3004"),
        ({"part": ""}, "E3004"),
        ({}, "E3004"),
        ({"part": "x", "h": "a\r\nb: c"}, "E3009"),
    ],
)
async def test_an_argument_cannot_change_the_request_into_another(
    l03: L03Client, judge: Judge, arguments: dict[str, Any], code: str
) -> None:
    await made(l03, "get", {"part": TEXT, "h": TEXT}, url=f"{judge.url}/a/{{part}}/b", places={"h": "header"})
    told = await l03.execute("get", arguments)
    assert (told.status, told.error and told.error["code"], judge.asked) == ("error", code, [])


@pytest.mark.parametrize(
    ("execution", "told"),
    [
        ({"url": "http://{host}/x"}, "name of the server"),
        ({"url": "http://a.example{rest}"}, "name of the server"),
        ({"url": "file:///etc/passwd"}, "no address"),
        ({"url": "http://x/", "method": "TRACE"}, "method"),
        ({"url": "http://x/", "timeout": -1}, "timeout"),
        ({"url": "http://x/", "speed": 1}, "speed"),
        ({}, "url"),
    ],
)
async def test_a_wrong_definition_is_refused_when_it_is_made(
    l03: L03Client, l01_local: L01Client, execution: dict[str, Any], told: str
) -> None:
    with pytest.raises(DefinitionError, match=told):
        await made(l03, "wrong", {}, **execution)
    schema_def = {"x-execution": {"kind": "http", **execution}}
    await l01_local.register_tool("behind", schema_def)  # the data layer keeps what it is given
    outcome = await l03.execute("behind", {})
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("invalid", "E3011")
    assert "behind" not in {tool["name"] for tool in await l03.catalogue()}


async def test_a_wrong_schema_a_wrong_name_and_wrong_rules_are_refused(l03: L03Client) -> None:
    for body in (
        {"name": "a tool", "schema_def": {}},
        {"name": "t", "schema_def": {"properties": 3}},
        {"name": "t", "schema_def": {}, "permissions": {"timeout": "long"}},
    ):
        with pytest.raises(DefinitionError):
            await l03.backend.call(TOOLS.operations["create"], Call(body=body))
    tool = await l03.backend.call(TOOLS.operations["create"], Call(body={"name": "t", "schema_def": {}}))
    with pytest.raises(DefinitionError):
        await l03.backend.call(
            TOOLS.operations["update"], Call({"id": tool["id"]}, body={"schema_def": {"type": 1}})
        )
    off = await l03.backend.call(
        TOOLS.operations["update"], Call({"id": tool["id"]}, body={"enabled": False})
    )
    assert off["enabled"] is False


@pytest.mark.parametrize(
    ("status", "tries", "told"),
    [
        (404, 1, "The server answered 404"),
        (500, 3, "The server answered 500"),
        (429, 3, "429"),
        (503, 3, "503"),
    ],
)
async def test_a_refusal_of_the_server_is_told_and_a_failure_tried_again_where_it_is_harmless(
    l03: L03Client, judge: Judge, status: int, tries: int, told: str
) -> None:
    async def answer(request: Request) -> Response:
        return JSONResponse({"why": "so"}, status)

    judge.answers["/x"] = answer
    await made(l03, "get", {}, url=f"{judge.url}/x", idempotent=True)
    await made(l03, "post", {}, url=f"{judge.url}/x", method="POST")
    for name, most in (("get", tries), ("post", 1)):
        judge.asked.clear()
        outcome = await l03.execute(name, {})
        assert outcome.status == "error" and outcome.error is not None
        assert told in outcome.error["detail"] and '"why":"so"' in outcome.error["detail"]
        assert len(judge.asked) == most


async def test_a_server_that_hangs_is_left(l03: L03Client, judge: Judge) -> None:
    import asyncio

    async def hangs(request: Request) -> Response:
        while not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return Response()

    judge.answers["/x"] = hangs
    await made(l03, "get", {}, url=f"{judge.url}/x", timeout=0.2)
    assert (await l03.execute("get", {})).status == "timeout"


async def test_secrets_reach_the_server_and_nobody_else(
    l03: L03Client, l01_local: L01Client, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", SECRET)

    async def echo(request: Request) -> Response:
        return JSONResponse(
            {"echo": dict(request.headers), SECRET: [f"x{SECRET}y"], "query": request.url.query}, 200
        )

    async def refuses(request: Request) -> Response:
        return Response(f"your key {request.headers['x-key']} is wrong", 403)

    judge.answers |= {"/echo": echo, "/refuses": refuses}
    secret = {
        "headers": {"Authorization": "Bearer ${secret:TOKEN}", "X-Key": {"secret": "TOKEN"}},
        "query": {"k": {"secret": "TOKEN"}},
    }
    await made(l03, "echo", {"text": TEXT}, url=f"{judge.url}/echo", **secret)
    await made(l03, "refuses", {}, url=f"{judge.url}/refuses", **secret)
    told = await l03.execute("echo", {"text": "${secret:TOKEN}"})
    asked = judge.asked[0]
    assert asked["headers"]["authorization"] == f"Bearer {SECRET}"
    assert asked["headers"]["x-key"] == SECRET
    assert asked["query"] == f"k={SECRET}&text=%24%7Bsecret%3ATOKEN%7D"  # an argument is no reference
    assert told.output["body"]["echo"]["x-key"] == "[secret TOKEN]"
    refused = await l03.execute("refuses", {})
    assert (
        refused.error
        and refused.error["detail"] == "The server answered 403. your key [secret TOKEN] is wrong"
    )
    everything = json.dumps(
        [
            told,
            refused,
            await l01_local.query_events(limit=1000),
            [each async for each in l01_local.tool_executions.all()],
            [each async for each in l01_local.tools.all()],
            await l03.catalogue(),
        ]
    )
    assert SECRET not in everything


async def test_a_secret_does_not_follow_a_redirect_elsewhere(
    l03: L03Client, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", SECRET)
    async with judging() as other:

        async def away(request: Request) -> Response:
            return RedirectResponse(f"{other.url}/")

        judge.answers["/x"] = away
        await made(l03, "get", {}, url=f"{judge.url}/x", headers={"X-Key": {"secret": "TOKEN"}})
        assert (await l03.execute("get", {})).status == "success"
        assert len(other.asked) == 1 and SECRET not in str(other.asked)


def test_secrets_come_from_a_file_that_nobody_else_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets"
    secrets = Secrets(file)
    redaction = Redaction({})
    with pytest.raises(SecretMissingError, match="PLATFORM_SECRET_A"):
        secrets.value("A", redaction)
    file.write_text("# mine\nA = one=1 \n\nB=\n")
    for mode in (0o640, 0o604, 0o666):
        file.chmod(mode)
        with pytest.raises(SecretMissingError, match="0600"):
            secrets.value("A", redaction)
    file.chmod(0o600)
    assert secrets.value("A", redaction) == "one=1"
    with pytest.raises(SecretMissingError):
        secrets.value("B", redaction)
    monkeypatch.setenv("PLATFORM_SECRET_A", "two")
    assert secrets.resolve({"x": ["${secret:A}!", {"secret": "A"}, {"secret": "A", "y": 1}]}, redaction) == {
        "x": ["two!", "two", {"secret": "A", "y": 1}]
    }
    assert redaction.value({"one=1": ["is two"]}) == {"[secret A]": ["is [secret A]"]}
    monkeypatch.delenv("PLATFORM_SECRET_A")
    linked = tmp_path / "link"
    linked.symlink_to(file)
    with pytest.raises(SecretMissingError):
        Secrets(linked).value("A", redaction)


async def test_a_missing_secret_stops_the_call_before_it_leaves(l03: L03Client, judge: Judge) -> None:
    await made(l03, "get", {}, url=f"{judge.url}/x", headers={"X-Key": {"secret": "NONE"}})
    told = await l03.execute("get", {})
    assert (told.error and told.error["code"], judge.asked) == ("E3016", [])


async def test_the_platforms_own_environment_holds_no_secrets_of_tools(
    l03: L03Client, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@x/")
    await made(l03, "get", {}, url=f"{judge.url}/x", headers={"X-Key": "${secret:DATABASE_URL}"})
    told = await l03.execute("get", {})
    assert (told.error and told.error["code"], judge.asked) == ("E3016", [])


def document(server: str) -> dict[str, Any]:
    """An OpenAPI 3.0 document with what real ones have."""
    pet = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "example": "Rex"},
            "age": {"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True},
            "mother": {"$ref": "#/components/schemas/Pet"},
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Pets", "version": "1"},
        "servers": [{"url": f"{server}/{{base}}", "variables": {"base": {"default": "v1"}}}],
        "paths": {
            "/pets/{pet-id}": {
                "parameters": [{"$ref": "#/components/parameters/id"}],
                "get": {
                    "operationId": "get pet!",
                    "summary": "Gives a pet.",
                    "parameters": [
                        {
                            "name": "fields",
                            "in": "query",
                            "schema": {"type": "array", "items": {"type": "string"}},
                        },
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                        {"name": "session", "in": "cookie", "schema": {"type": "string"}},
                    ],
                },
                "put": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    }
                },
                "delete": {"operationId": "drop", "requestBody": {"content": {"image/png": {}}}},
            },
            "/pets": {
                "post": {
                    "operationId": "add",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
                            }
                        },
                    },
                },
                "get": {"operationId": "broken", "parameters": [{"$ref": "http://127.0.0.1:1/evil#/x"}]},
            },
        },
        "components": {
            "schemas": {"Pet": pet},
            "parameters": {
                "id": {"name": "pet-id", "in": "path", "required": True, "schema": {"type": "integer"}}
            },
        },
    }


async def imported(l03: L03Client, **body: Any) -> Any:
    return await l03.backend.call(IMPORT_OPENAPI, Call(body=body))


async def test_the_operations_of_an_openapi_document_become_tools(
    l03: L03Client, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", SECRET)
    told = await imported(
        l03, document=document(judge.url), prefix="pets_", headers={"Authorization": "Bearer ${secret:TOKEN}"}
    )
    names = {tool["name"]: tool for tool in told["items"]}
    assert set(names) == {"pets_get_pet", "pets_put__pets_pet-id", "pets_add"}
    assert set(told["skipped"]) == {"drop", "broken"}
    catalogue = {tool["name"]: tool for tool in await l03.catalogue({"tools": ["pets_*"]})}
    get = catalogue["pets_get_pet"]
    assert get["description"] == "Gives a pet."
    assert get["parameters"]["properties"] == {
        "pet-id": {"type": "integer"},
        "fields": {"type": "array", "items": {"type": "string"}},
        "X-Trace": {"type": "string"},
    }
    put = catalogue["pets_put__pets_pet-id"]["parameters"]
    assert put["required"] == ["pet-id", "name"]
    assert put["properties"]["age"] == {"type": ["integer", "null"], "exclusiveMinimum": 0}
    assert put["$defs"]["Pet"]["properties"]["mother"] == {"$ref": "#/$defs/Pet"}

    await l03.execute("pets_get_pet", {"pet-id": 7, "fields": ["name", "age"], "X-Trace": "t"})
    await l03.execute(
        "pets_put__pets_pet-id", {"pet-id": 7, "name": "Rex", "age": None, "mother": {"name": "Ada"}}
    )
    await l03.execute("pets_add", {"body": [{"name": "Rex"}]})
    wrong = await l03.execute("pets_add", {"body": [{"age": 3}]})
    assert wrong.status == "invalid" and wrong.error and "body.0.name" in wrong.error["detail"]
    get_asked, put_asked, add_asked = judge.asked
    assert (get_asked["method"], get_asked["path"], get_asked["query"]) == (
        "GET",
        "/v1/pets/7",
        "fields=name&fields=age",
    )
    assert (get_asked["headers"]["x-trace"], get_asked["headers"]["authorization"]) == (
        "t",
        f"Bearer {SECRET}",
    )
    assert (put_asked["method"], put_asked["body"]) == (
        "PUT",
        {"name": "Rex", "age": None, "mother": {"name": "Ada"}},
    )
    assert (add_asked["method"], add_asked["body"]) == ("POST", [{"name": "Rex"}])


async def test_a_document_is_fetched_and_imported_again_without_losing_what_was_decided(
    l03: L03Client, l01_local: L01Client, judge: Judge
) -> None:
    async def spec(request: Request) -> Response:
        return JSONResponse({**document("x"), "servers": [{"url": "/api"}]})

    judge.answers["/spec/openapi.json"] = spec
    body = {"url": f"{judge.url}/spec/openapi.json", "include": ["get pet!", "missing"]}
    told = await imported(l03, **body, permissions={"approval": True})
    assert told["skipped"] == {"missing": "there is no such operation"}
    (tool,) = told["items"]
    assert tool["schema_def"]["x-execution"]["url"] == f"{judge.url}/api/pets/{{pet-id}}"
    await l01_local.tools.update(tool["id"], {"enabled": False})
    (again,) = (await imported(l03, **body))["items"]
    assert (again["id"], again["enabled"], again["permissions"]) == (tool["id"], False, {"approval": True})


@pytest.mark.parametrize(
    "body",
    [
        {"document": {"swagger": "2.0"}},
        {"document": {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}}},
        {"document": {"openapi": "3.1.0", "servers": [{"url": "ftp://x"}]}},
        {"url": "http://169.254.169.254/openapi.json"},
        {},
    ],
)
async def test_what_is_no_document_is_refused(l03: L03Client, body: dict[str, Any]) -> None:
    from agentic.layers.base.errors import PlatformError

    with pytest.raises(PlatformError) as caught:
        await imported(l03, **body)
    assert caught.value.status < 500


BOMB = "openapi: 3.1.0\na0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)
SPEC_IN_YAML = """
openapi: 3.1.0
paths:
  /find:
    get:
      operationId: find
      description: Finds what was seen on 2026-11-27, or off.
      parameters:
        - {name: state, in: query, schema: {type: string, enum: [on, off, 12:30, 010]}}
      responses: {200: {description: found}}
"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("openapi: 3.1.0\npaths: [", "not YAML: .* line 2"),
        ("openapi: 3.1.0\nx: !!python/object/apply:os.system [ls]\n", "not YAML: could not determine"),
        ("openapi: &a [*a]\n", "nested too deeply"),
        (f"openapi: {'[' * 5000}\n", "not YAML|nested too deeply"),
        (BOMB, "more than 1,000,000 values"),
        ("<html>", "no OpenAPI document"),
    ],
)
async def test_a_document_that_cannot_be_read_is_refused_and_says_so(
    l03: L03Client, l01_local: L01Client, judge: Judge, text: str, why: str
) -> None:
    async def spec(request: Request) -> Response:
        return Response(text, media_type="application/yaml")

    judge.answers["/openapi.yaml"] = spec
    with pytest.raises(DefinitionError, match=why):
        await imported(l03, url=f"{judge.url}/openapi.yaml")
    assert "told" not in {tool["name"] for tool in await l01_local.list_tools()}


async def test_a_document_may_be_yaml(l03: L03Client, judge: Judge) -> None:
    async def spec(request: Request) -> Response:
        return Response(SPEC_IN_YAML, media_type="application/yaml")

    judge.answers["/openapi.yaml"] = spec
    told = await imported(l03, url=f"{judge.url}/openapi.yaml", base_url=judge.url)
    (tool,) = told["items"]
    assert (tool["name"], tool["description"]) == ("find", "Finds what was seen on 2026-11-27, or off.")
    assert tool["schema_def"]["properties"]["state"]["enum"] == ["on", "off", "12:30", "010"]
    assert (await l03.execute("find", {"state": "on"})).status == "success"
    assert judge.asked[-1]["query"] == "state=on"


async def test_a_tool_of_the_same_name_is_not_taken_over(l03: L03Client, judge: Judge) -> None:
    paths = {"/x": {"get": {"operationId": "calculator"}}}
    told = await imported(l03, document={"openapi": "3.1.0", "paths": paths}, base_url=judge.url)
    assert told["items"] == [] and "another tool" in told["skipped"]["calculator"]


async def test_by_default_no_private_server_is_asked(
    l01_local: L01Client, judge: Judge, tmp_path: Path
) -> None:
    async with tool_layer(l01_local, tmp_path, outgoing_allow=[]) as layer:
        l03 = layer.local_client()
        await made(l03, "get", {}, url=f"{judge.url}/x")
        told = await l03.execute("get", {})
        assert (told.error and told.error["code"], judge.asked) == ("E3014", [])
