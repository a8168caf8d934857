"""The errors of the evaluation layer (E6000-E6999).

An evaluator that cannot give a score does not raise them: they stand in its verdict, and in the evaluation that is kept of it.
"""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class EvaluationLayerError(PlatformError):
    """The base of the E6000-E6999 range."""

    layer: ClassVar[int] = 6


class CannotJudgeError(EvaluationLayerError):
    """This evaluator cannot say anything of this value: something that it needs, such as what was expected, is not there."""

    code = "E6001"
    status = 422
    title = "Nothing to judge by"


class JudgeAnswerError(EvaluationLayerError):
    """The model that judges did not answer in the form that it was asked for, so there is no score."""

    code = "E6002"
    status = 502
    title = "No judgement"


class JudgeUnavailableError(EvaluationLayerError):
    """The model that judges cannot be asked."""

    code = "E6003"
    status = 503
    title = "Judge unavailable"


class PatternTimeoutError(EvaluationLayerError):
    """The pattern took too long on this value."""

    code = "E6004"
    status = 422
    title = "Pattern too slow"


class CodeEvaluatorError(EvaluationLayerError):
    """The code that judges failed, was refused, or did not answer with a score in [0, 1]."""

    code = "E6005"
    status = 422
    title = "Code gave no score"


class NothingToTryError(EvaluationLayerError):
    """The dataset has no items in this revision and split, or nobody says how they are to be judged."""

    code = "E6006"
    status = 409
    title = "Nothing to try"
