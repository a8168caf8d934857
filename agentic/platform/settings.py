"""The settings of the platform that are no options of its commands."""

from __future__ import annotations

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Literal["debug", "info", "warning", "error"]


class PlatformSettings(BaseSettings):
    """From the environment, with the prefix `PLATFORM_`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_")

    log_level: LogLevel = "warning"
    """From which level on a log line shows on the terminal; the log file has everything from `info` on, or from here."""
