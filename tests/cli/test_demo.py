"""`platform demo`: an example that works, on a platform that runs or on one that it starts; and what helps without a model."""

from pathlib import Path

import httpx2

from agentic.platform.exit_codes import FAILED, OK
from tests.kit.commands import CONTROL_C
from tests.kit.platforms import MODEL, WITHOUT_MODELS, ScriptedPlatform, scripted_platform
from tests.kit.providers import Reply, Tool
from tests.kit.terminal import Typed


def test_it_runs_an_agent_with_tools_and_shows_where_it_is_seen(platform: ScriptedPlatform) -> None:
    platform.models.script(Reply(tools=[Tool("calculator", {"expression": "12 * 12"})]), Reply("It is 144."))
    shown = platform.run("demo", "--no-browser")
    assert (shown.code, shown.out) == (OK, "It is 144.\n")
    run = platform.get("L01", "/runs", limit=1)["items"][0]
    assert f"{platform.url}/runs/{run['id']}" in shown.error and MODEL in shown.error
    assert "It costs money" in shown.error, "a provider of OpenAI's kind does"
    again = platform.run("demo", "--no-browser", "--model", MODEL)
    assert again.code == OK
    agents = platform.get("L01", "/agents", name="demo")["items"]
    assert len(agents) == 1 and agents[0]["configuration"]["model"] == MODEL
    assert len(platform.get("L01", "/documents", tag="platform-demo")["items"]) == 1
    assert platform.run("run", "demo", "Another question").code == OK


def test_without_a_model_it_says_what_is_missing_and_what_helps() -> None:
    with scripted_platform() as platform:
        provider = f"{platform.layers['L04']}/providers/test"
        assert httpx2.delete(provider, trust_env=False).status_code == 204
        shown = platform.run("demo", "--no-browser")
        assert shown.code == FAILED and "No model can be asked" in shown.error
        assert "ollama" in shown.error and "/nowhere/model.gguf" in shown.error
        assert "Traceback" not in shown.error
        assert platform.get("L01", "/agents", name="demo")["items"] == []


def test_it_starts_a_platform_where_none_runs(data_dir: Path) -> None:
    environment = {**WITHOUT_MODELS, "PLATFORM_DATA_DIR": str(data_dir), "PLATFORM_PORT": "0"}
    with Typed("demo", "--no-browser", environment=environment) as at:
        at.until("is running.")
        at.until("No model can be asked")
        at.until("The platform runs on.")
        at.type(CONTROL_C)
        assert at.end() == OK
        assert "Stopping" in at.screen
