"""Addresses of databases and buses: which can be none, and that a password in one is never said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agentic.layers.base.common_errors import BusUnavailableError
from agentic.layers.L01_data_layer.addresses import wrong_with_bus, wrong_with_database
from agentic.layers.L01_data_layer.redis_client import Bus
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.platform.stores import without_password

BAD_HOSTS = (
    ":sec/ret@localhost:6379/0",
    ":sec#ret@localhost",
    ":sec?ret@localhost",
    "u:sec:ret@localhost:port",
    "u:sec[ret@localhost",
    "u:secret@localhost:0",
    "u:secret@localhost:65536",
    "u:secret@localhost:-1",
    "u:secret@localhost:٣",
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/agentic",
        "postgres://u:p%2Fw%23@127.0.0.1:5432/agentic?sslmode=verify-full&sslrootcert=/a/b@c",
        "postgresql://u:p@[::1]:5432/agentic",
        "postgresql://u@[::1]/agentic",
        "postgresql://u@one:5432,two:5433/agentic?target_session_attrs=read-write",
        "postgresql:///agentic?host=/a%20folder/with%20a%20socket&user=u",
        "postgresql://u@%2Frun%2Fpostgresql/agentic",
        "postgresql://localhost:/agentic",
    ],
)
def test_every_form_of_a_database_is_taken(url: str) -> None:
    assert wrong_with_database(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "rediss://u:p%40@redis.example:6380/1?ssl_cert_reqs=none",
        "redis://[::1]:6379",
        "unix:///a folder/bus.sock?db=1",
        "redis://:p@localhost:6379?socket_timeout=3",
    ],
)
def test_every_form_of_a_bus_is_taken(url: str) -> None:
    assert wrong_with_bus(url) is None
    Bus(url)


@pytest.mark.parametrize("rest", BAD_HOSTS)
def test_what_can_be_no_address_is_refused_without_saying_it(rest: str) -> None:
    for name, url in (("database_url", f"postgresql://{rest}"), ("redis_url", f"redis://{rest}")):
        with pytest.raises(ValidationError) as caught:
            L01Settings(**{name: url})
        for said in (str(caught.value), repr(caught.value)):
            assert name in said and "Its form is" in said
            assert "sec" not in said


@pytest.mark.parametrize(
    "url", ["", "secret", "u:secret@localhost", "mysql://u:secret@localhost/a", "://secret"]
)
def test_an_address_of_something_else_is_refused_without_saying_it(url: str) -> None:
    for wrong in (wrong_with_database(url), wrong_with_bus(url)):
        assert wrong is not None and "does not begin with" in wrong and "secret" not in wrong


@pytest.mark.parametrize("option", ["colour=blue", "socket_timeout=soon"])
def test_an_option_that_a_bus_does_not_have_is_named(option: str) -> None:
    with pytest.raises(BusUnavailableError, match=option.partition("=")[0]) as caught:
        Bus(f"redis://:secret@localhost:6379?{option}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@localhost:5432/agentic",
        "postgresql://u:sec/secret@localhost/agentic",
        "postgresql://u:a:secret@b@localhost/agentic",
        "redis://:secret@localhost",
        "redis://:sec#secret@localhost",
        "postgresql://localhost/agentic?user=u&password=secret&sslpassword=secret",
    ],
)
def test_an_address_is_shown_without_its_password(url: str) -> None:
    shown = without_password(url)
    assert "secret" not in shown and "***" in shown and "localhost" in shown


@pytest.mark.parametrize("url", ["postgresql://u@localhost:5432/agentic", "redis://localhost:6379/0"])
def test_an_address_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert without_password(url) == url
