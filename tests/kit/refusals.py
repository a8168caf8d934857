"""A client of the API that knows nothing of ours, and looks closely at what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.services.fold_check import FOLDED


@dataclass(frozen=True)
class Http:
    """Sends requests and looks at what is refused."""

    client: httpx2.AsyncClient
    l01: L01Client

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        response = await self.client.post(path, json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def refused(
        self,
        status: int,
        code: str,
        field: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: Any = None,
        headers: Mapping[str, str | bytes] | None = None,
        query: Any = None,
    ) -> dict[str, Any]:
        """The problem with which a request was refused; `field` is the one that it names."""
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        response = await self.client.request(method, path, content=content, headers=headers, params=query)
        told = (
            f"{method} {path} {query or ''} {str(content)[:80]}: {response.status_code} {response.text[:300]}"
        )
        problem: dict[str, Any] = response.json()
        assert (response.status_code, problem.get("code")) == (status, code), told
        assert response.headers["content-type"] == "application/problem+json", told
        assert problem["status"] == status
        assert problem["request_id"] == response.headers["x-request-id"]
        if field is not None:
            assert field in [error["field"] for error in problem["errors"]], told
        return problem

    async def written(self) -> dict[str, int]:
        """How much there is of everything."""
        report = await self.l01.check()
        assert report["ok"] is True, report["differences"]
        return {name: report["parts"][name]["checked"] for name in (*FOLDED, "versions")}


@asynccontextmanager
async def nothing_written(http: Http) -> AsyncGenerator[None]:
    """Nothing is, within the block; afterwards the server still does its work."""
    before = await http.written()
    yield
    assert await http.written() == before
    await http.made("/agents", {"name": "still alive"})
