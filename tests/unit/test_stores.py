"""What is shown of the database's and the bus's addresses."""

import pytest

from agentic.platform.stores import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@h:5432/x?sslmode=require", "postgresql://me:***@h:5432/x?sslmode=require"),
        ("postgresql://me@/x?host=/tmp&password=secret", "postgresql://me@/x?host=/tmp&password=***"),
        ("postgresql:///x?host=/tmp", "postgresql:///x?host=/tmp"),
        ("redis://:secret@h:6379/0", "redis://:***@h:6379/0"),
        ("unix:///tmp/bus.sock", "unix:///tmp/bus.sock"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_address_is_shown_whole_but_for_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
