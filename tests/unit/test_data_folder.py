"""Which folders a platform may change the permissions of: its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentic.platform.servers.folder import is_ours


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        ([], True),
        (["platform.lock"], True),
        (["platform.lock", "platform.json", ".platform.json.new", "platform.log", "platform.log.1"], True),
        (["l01.log", "l11.log.2", "servers.json", "programs"], True),
        (["servers", "thesis.odt"], True),
        (["platform.log", "thesis.odt"], False),
        (["thesis.odt"], False),
        (["platform"], False),
    ],
)
def test_a_folder_is_a_platforms_when_nobody_else_put_anything_there(
    tmp_path: Path, names: list[str], ours: bool
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert is_ours(tmp_path) is ours
