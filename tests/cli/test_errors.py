"""`platform errors`."""

from agentic.layers.base.error_catalogue import catalogue
from agentic.platform.exit_codes import FAILED, OK
from tests.kit.commands import run


def test_every_error_is_listed_with_its_meaning() -> None:
    listed = run("errors")
    assert listed.code == OK
    assert all(error.code in listed.out and error.title in listed.out for error in catalogue())


def test_one_error_is_explained() -> None:
    one = run("errors", "e1005")
    assert one.code == OK
    for words in ("E1005", "412", "since the version that the caller names", "StaleVersionError"):
        assert words in one.out


def test_an_unknown_error_is_named() -> None:
    unknown = run("errors", "E4711")
    assert unknown.code == FAILED and "E4711" in unknown.error and "platform errors" in unknown.error
