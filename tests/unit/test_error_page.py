"""Where the `type` of a problem leads, in an app that has no pages of its own."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx2
import pytest

from agentic.layers.base.app import LayerApp
from agentic.layers.base.error_catalogue import catalogue
from agentic.layers.base.layer import Context, Health, Layer, health_of

pytestmark = pytest.mark.anyio


class Plain(Layer):
    id = "L03"
    title = "Plain <layer>"
    port = 8004

    def build(self) -> LayerApp:
        return LayerApp(self.title)

    async def health(self) -> Health:
        return health_of(self.id, {})


class WithItsOwn(Plain):
    def build(self) -> LayerApp:
        app = super().build()
        app.add_api_route("/errors", lambda: "its own")
        return app


def client(layer: type[Layer], root: str = "") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=layer(Context()).app(), root_path=root)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False)


async def test_a_problem_leads_to_its_error() -> None:
    async with client(Plain) as asking:
        problem = (await asking.get("/nothing")).json()
        page = await asking.get(urljoin("http://localhost/nothing", problem["type"]))
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert f'id="{problem["type"].partition("#")[2]}"' in page.text
    assert "Plain &lt;layer&gt;" in page.text


async def test_every_error_has_its_anchor_once() -> None:
    async with client(Plain) as asking:
        page = (await asking.get("/errors")).text
    codes = [error.code.lower() for error in catalogue()]
    assert re.findall(r'<article class="entry" id="([^"]+)"', page) == codes
    assert {"e1002", "e9001", "e10001", "e11001"} <= set(codes)  # of layers that this process may not run


@pytest.mark.parametrize("root", ["", "/l03"])
async def test_its_look_comes_from_the_app_itself(root: str) -> None:
    async with client(Plain, root) as asking:
        page = (await asking.get(f"{root}/errors")).text
        files = re.findall(r'<link [^>]*href="([^"]+)"', page)
        assert files == [f"{root}/docs/icon.svg", f"{root}/docs/app.css"]
        for path in files:
            assert (await asking.get(path)).status_code == 200
    assert "<script" not in page and "<style" not in page


async def test_a_layer_may_have_a_page_of_its_own() -> None:
    async with client(WithItsOwn) as asking:
        assert (await asking.get("/errors")).json() == "its own"
