"""`platform models install-local`: where the file is, once it is there."""

from agentic.layers.L04_model_gateway.local_model import weights
from agentic.platform.exit_codes import OK
from tests.kit.commands import run
from tests.kit.local_model import require_local_model


def test_it_says_where_the_file_is_and_fetches_it_once() -> None:
    require_local_model()
    done = run("models", "install-local")
    assert done.code == OK and str(weights.find()) in done.out
    assert "Fetching" not in done.out
