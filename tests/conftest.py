"""Fixtures for everyone: servers once for each process, a database for each test, a running data layer, its client,
a running human interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.kit.databases import Databases, databases, empty_database
from tests.kit.http import served
from tests.kit.interface import interface_over
from tests.kit.servers import BusServer, Servers, servers, temporary_folder


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """asyncio on uvloop, as the platform runs."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def test_servers() -> Generator[Servers]:
    """The PostgreSQL and the bus of this process (tests/kit/servers.py says which)."""
    with servers() as running:
        yield running


@pytest.fixture(scope="session")
def test_databases(test_servers: Servers) -> Generator[Databases]:
    """The databases of this process."""
    with databases(test_servers.database_url) as made:
        yield made


@pytest.fixture
async def database_url(test_databases: Databases) -> AsyncGenerator[str]:
    """A migrated, empty database of this test alone."""
    async with test_databases.lent() as url:
        yield url


@pytest.fixture
async def empty_database_url(test_servers: Servers) -> AsyncGenerator[str]:
    """A database without a schema, of this test alone."""
    async with empty_database(test_servers.database_url) as url:
        yield url


@pytest.fixture
def redis_url(test_servers: Servers) -> str:
    """A bus that no other process uses."""
    return test_servers.redis_url


@pytest.fixture
def own_bus(test_servers: Servers) -> Generator[BusServer]:
    """A bus of this test alone, not yet started: to be stopped and started."""
    with temporary_folder() as folder:
        bus = BusServer(test_servers.bus_program, folder)
        yield bus
        bus.stop()


@pytest.fixture
def l01_settings(database_url: str, redis_url: str) -> L01Settings:
    """The data layer's settings for this test."""
    return L01Settings(database_url=database_url, redis_url=redis_url)


@pytest.fixture
async def data_layer(l01_settings: L01Settings) -> AsyncGenerator[DataLayer]:
    """A running data layer in this process."""
    layer = DataLayer(Context(), l01_settings)
    async with layer.running():
        yield layer


@pytest.fixture
async def l01_url(data_layer: DataLayer) -> AsyncGenerator[str]:
    """The address of the data layer's API on a real port."""
    async with served(data_layer.app()) as url:
        yield url


@pytest.fixture
async def l01_local(data_layer: DataLayer) -> AsyncGenerator[L01Client]:
    """A client that calls the data layer in this process."""
    async with L01Client(backend=data_layer.backend) as client:
        yield client


@pytest.fixture
async def l01_http(l01_url: str) -> AsyncGenerator[L01Client]:
    """A client that reaches the data layer over HTTP."""
    async with L01Client(l01_url) as client:
        yield client


@pytest.fixture(params=["local", "http"])
async def l01(request: pytest.FixtureRequest, data_layer: DataLayer) -> AsyncGenerator[L01Client]:
    """A client of the data layer, once over each backend."""
    if request.param == "local":
        async with L01Client(backend=data_layer.backend) as client:
            yield client
    else:
        async with served(data_layer.app()) as url, L01Client(url) as client:
            yield client


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface over the data layer in this process."""
    async with interface_over(data_layer) as layer:
        yield layer


@pytest.fixture
async def url(interface: HumanInterface) -> AsyncGenerator[str]:
    """The address of the human interface on a real port."""
    async with served(interface.app()) as address:
        yield address
