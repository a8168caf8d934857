"""Where log lines go: for a person to the terminal, as JSON to a file in the data folder."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

import structlog

from agentic.platform.servers.folder import DataFolder
from agentic.platform.settings import LogLevel, PlatformSettings

LOG_FILE: Final = "platform.log"
_SIZE: Final = 10_000_000
_KEPT: Final = 3

_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def log_to_terminal() -> None:
    """Shows log lines on standard error, from the level that `PLATFORM_LOG_LEVEL` names."""
    level = PlatformSettings().log_level
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    colors = sys.stderr.isatty()
    tracebacks = (
        structlog.dev.plain_traceback
    )  # the pretty ones print the values of variables, secrets among them
    renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=tracebacks)
    for talkative in ("uvicorn", "httpx2", "httpcore2", "mcp"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers = [_handler(logging.StreamHandler(), renderer, level)]
    root.setLevel(_number(level))


def log_to_file(path: Path) -> None:
    """Keeps log lines from `info` on as JSON, one a line; ten megabytes and the three files before."""
    level: LogLevel = "debug" if logging.getLogger().level <= logging.DEBUG else "info"
    handler = _LogFile(path, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    renderer = structlog.processors.JSONRenderer(default=str)
    logging.getLogger().addHandler(_handler(handler, renderer, level, structlog.processors.format_exc_info))
    logging.getLogger().setLevel(_number(level))


class _LogFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        """As the servers' logs: its owner's alone, never through a symbolic link, and a user's in a user's folder."""
        path = Path(self.baseFilename)
        return os.fdopen(DataFolder(path.parent).open_log(path), "a", encoding=self.encoding)


def _handler(handler: logging.Handler, renderer: Any, level: LogLevel, *before: Any) -> logging.Handler:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[remove, *before, renderer])
    )
    handler.setLevel(_number(level))
    return handler


def _number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
