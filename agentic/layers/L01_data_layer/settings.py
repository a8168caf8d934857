"""The settings of the data layer. The two addresses also come without the prefix, as `DATABASE_URL` and `REDIS_URL`."""

from __future__ import annotations

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agentic.layers.L01_data_layer.addresses import (
    BUS_FORM,
    DATABASE_FORM,
    wrong_with_bus,
    wrong_with_database,
)


class Addresses(BaseSettings):
    """The addresses as they are given. The defaults are the specification's: PostgreSQL and Redis on this machine."""

    model_config = SettingsConfigDict(
        env_prefix="PLATFORM_L01_",
        populate_by_name=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        loc_by_alias=False,
    )

    database_url: str = Field(
        default="postgresql://postgres@localhost:5432/agentic",
        validation_alias=AliasChoices("PLATFORM_L01_DATABASE_URL", "DATABASE_URL"),
    )
    redis_url: str = Field(
        default="redis://localhost:6379", validation_alias=AliasChoices("PLATFORM_L01_REDIS_URL", "REDIS_URL")
    )


class L01Settings(Addresses):
    """The settings with which the data layer runs: what can be no address is refused before anything begins."""

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        if wrong := wrong_with_database(url):
            raise ValueError(f"{wrong}. Its form is {DATABASE_FORM}")
        return url

    @field_validator("redis_url")
    @classmethod
    def _bus(cls, url: str) -> str:
        if wrong := wrong_with_bus(url):
            raise ValueError(f"{wrong}. Its form is {BUS_FORM}")
        return url
