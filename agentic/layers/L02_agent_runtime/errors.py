"""The errors of the agent runtime (E2000-E2999): what is refused, and the reasons for which a run fails."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class RuntimeLayerError(PlatformError):
    """The base of the E2000-E2999 range."""

    layer: ClassVar[int] = 2


class AgentNotActiveError(RuntimeLayerError):
    """This agent takes no runs in its present state."""

    code = "E2001"
    status = 409
    title = "Agent not active"


class AgentConfigurationError(RuntimeLayerError):
    """The agent's configuration cannot be run."""

    code = "E2002"
    status = 422
    title = "Agent configuration not valid"


class LimitReachedError(RuntimeLayerError):
    """The run has reached one of its limits."""

    code = "E2003"
    status = 409
    title = "Limit reached"


class LoopDetectedError(RuntimeLayerError):
    """The model asks for the same again and again, and gets the same."""

    code = "E2004"
    status = 409
    title = "Loop detected"


class StalledError(RuntimeLayerError):
    """The model answers nothing."""

    code = "E2005"
    status = 409
    title = "Run stalled"


class AttemptsError(RuntimeLayerError):
    """One process after the other ended while it carried this step of the run."""

    code = "E2006"
    status = 500
    title = "Too many attempts"


class BrokenRunError(RuntimeLayerError):
    """The run ended by an error that nobody foresaw. The log has the details under the run's id."""

    code = "E2007"
    status = 500
    title = "Run broken"


class ReplayError(RuntimeLayerError):
    """The agent's code no longer does what the steps of this run say that it did."""

    code = "E2008"
    status = 409
    title = "Steps do not match the code"


class UnknownFunctionError(RuntimeLayerError):
    """No process that carries runs can load this agent's code."""

    code = "E2009"
    status = 422
    title = "Agent code not found"


class AgentCodeError(RuntimeLayerError):
    """The agent's own code raised an exception."""

    code = "E2010"
    status = 500
    title = "Agent code failed"


class ToolCallError(RuntimeLayerError):
    """A tool that an agent's code called did not succeed."""

    code = "E2011"
    status = 502
    title = "Tool failed"


class DepthError(RuntimeLayerError):
    """Agents call agents that call agents, and so on: too deep."""

    code = "E2012"
    status = 409
    title = "Agents nested too deep"


class NotWaitingError(RuntimeLayerError):
    """The run does not wait for an approval."""

    code = "E2013"
    status = 409
    title = "Nothing to approve"


class ContextFullError(RuntimeLayerError):
    """What the model must be told does not fit its context, however much is left out."""

    code = "E2014"
    status = 409
    title = "Context full"


class ChildFailedError(RuntimeLayerError):
    """The run of another agent that this one waited for did not complete."""

    code = "E2015"
    status = 502
    title = "Child run failed"
