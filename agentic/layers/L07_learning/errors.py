"""The errors of the learning layer (E7000-E7999)."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class LearningError(PlatformError):
    """The base of the E7000-E7999 range."""

    layer: ClassVar[int] = 7


class FeedbackError(LearningError):
    """This feedback does not fit what it is about."""

    code = "E7001"
    status = 422
    title = "Feedback does not fit"


class NoFolderError(LearningError):
    """There is no folder for exports: name one in PLATFORM_L07_EXPORTS_DIR, or start the platform with its data folder."""

    code = "E7002"
    status = 409
    title = "No folder for exports"


class NoParquetError(LearningError):
    """Parquet files need the package pyarrow: install the extra `export`, or ask for jsonl, which needs nothing."""

    code = "E7003"
    status = 501
    title = "Parquet not installed"


class NotExportedError(LearningError):
    """The export has no such file, or not yet."""

    code = "E7004"
    status = 404
    title = "No such file"


class CasesError(LearningError):
    """There are too few cases to learn from some and to prove on others."""

    code = "E7005"
    status = 422
    title = "Too few cases"


class ChangedError(LearningError):
    """The agent's instructions are no longer those that the change was made for, so it is left alone."""

    code = "E7006"
    status = 409
    title = "Agent changed since"


class CannotImproveError(LearningError):
    """This agent is terminated: it cannot run, and so not get better."""

    code = "E7007"
    status = 409
    title = "Nothing to improve"
