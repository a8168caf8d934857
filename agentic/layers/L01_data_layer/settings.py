"""The settings of the data layer. The two addresses also come without the prefix, as `DATABASE_URL` and `REDIS_URL`."""

from __future__ import annotations

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class L01Settings(BaseSettings):
    """The defaults are the specification's: PostgreSQL and Redis on this machine, database `agentic`."""

    model_config = SettingsConfigDict(
        env_prefix="PLATFORM_L01_", populate_by_name=True, env_ignore_empty=True
    )

    database_url: str = Field(
        default="postgresql://postgres@localhost:5432/agentic",
        validation_alias=AliasChoices("PLATFORM_L01_DATABASE_URL", "DATABASE_URL"),
    )
    redis_url: str = Field(
        default="redis://localhost:6379", validation_alias=AliasChoices("PLATFORM_L01_REDIS_URL", "REDIS_URL")
    )
