"""The errors of the tool layer (E3000-E3999): one for each way in which a model, or its owner, reacts to a call that failed.

A call of a tool does not raise them: they stand in its outcome, so that the model reads what was wrong. The API raises
those that concern who asks it, such as a bad definition.
"""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import FieldError, PlatformError


class ToolLayerError(PlatformError):
    """The base of the E3000-E3999 range."""

    layer: ClassVar[int] = 3
    again: ClassVar[bool] = False
    """Whether the same call may well succeed a moment later: an idempotent tool is tried again."""
    breaks: ClassVar[bool] = False
    """Whether it says that the tool does not work, which the breaker counts, and not that the call was wrong."""


class UnknownToolError(ToolLayerError):
    """There is no tool of this name."""

    code = "E3001"
    status = 404
    title = "Unknown tool"


class DisabledToolError(ToolLayerError):
    """This tool is switched off."""

    code = "E3002"
    status = 403
    title = "Tool disabled"


class NotPermittedError(ToolLayerError):
    """This agent may not use this tool."""

    code = "E3003"
    status = 403
    title = "Tool not permitted"


class ArgumentsError(ToolLayerError):
    """The arguments are not what the tool takes."""

    code = "E3004"
    status = 422
    title = "Invalid arguments"

    @classmethod
    def of(cls, tool: str, errors: list[FieldError]) -> ArgumentsError:
        """One error that names every argument that is wrong, and how."""
        told = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        return cls(f"The arguments of {tool} are not valid. {told}", errors=errors)


class LimitedError(ToolLayerError):
    """This tool is called too often, or too many calls of it run already."""

    code = "E3005"
    status = 429
    title = "Tool limited"


class ToolDownError(ToolLayerError):
    """This tool failed several times in a row, so it is not called for a while."""

    code = "E3006"
    status = 503
    title = "Tool unavailable"


class ToolTimeoutError(ToolLayerError):
    """The tool did not answer in its time and was ended."""

    code = "E3007"
    status = 504
    title = "Tool timed out"
    breaks = True


class ToolFailedError(ToolLayerError):
    """The tool failed."""

    code = "E3008"
    status = 502
    title = "Tool failed"
    again = True
    breaks = True


class ToolRefusedError(ToolLayerError):
    """The tool could not do what it was asked; asked differently it may."""

    code = "E3009"
    status = 422
    title = "Tool refused"


class ResultError(ToolLayerError):
    """The tool was carried out, but what it gave is not what it says that it gives."""

    code = "E3010"
    status = 502
    title = "Invalid result"
    breaks = True


class DefinitionError(ToolLayerError):
    """The definition of the tool is not valid."""

    code = "E3011"
    status = 422
    title = "Invalid definition"


class NoCodeError(ToolLayerError):
    """The function behind this tool is not in this process: its module has to be named in PLATFORM_L03_MODULES."""

    code = "E3012"
    status = 409
    title = "Code missing"


class UnreachableToolError(ToolLayerError):
    """The tool's server cannot be reached, or did not finish its answer."""

    code = "E3013"
    status = 503
    title = "Tool unreachable"
    again = True
    breaks = True


class ForbiddenAddressError(ToolLayerError):
    """This address may not be asked: it is private, local or otherwise not of the public network."""

    code = "E3014"
    status = 403
    title = "Address forbidden"


class DownloadTooLargeError(ToolLayerError):
    """The answer is larger than a tool may give."""

    code = "E3015"
    status = 502
    title = "Answer too large"


class SecretMissingError(ToolLayerError):
    """A secret that the tool's definition refers to is not there, or is kept where others can read it."""

    code = "E3016"
    status = 409
    title = "Secret missing"


class NoSandboxError(ToolLayerError):
    """There is no sandbox: install the extra `sandbox`, or bubblewrap, which does not do for root. Without one no code of a model is run."""

    code = "E3017"
    status = 501
    title = "No sandbox"


class PathError(ToolLayerError):
    """The path leads out of the agent's own folder, or to something that is no plain file or folder."""

    code = "E3018"
    status = 403
    title = "Path refused"


class FolderFullError(ToolLayerError):
    """The agent's folder, or this file, would be larger than it may be."""

    code = "E3019"
    status = 413
    title = "Folder full"


class NotApprovedError(ToolLayerError):
    """A person, or the end of the time for an answer, refused this call."""

    code = "E3020"
    status = 403
    title = "Not approved"


class UnknownOutcomeError(ToolLayerError):
    """Whether this call was carried out is not known: the process that did it ended in between. A person has to say."""

    code = "E3021"
    status = 409
    title = "Outcome unknown"


class EndedError(ToolLayerError):
    """The call was cancelled while the tool ran."""

    code = "E3022"
    status = 409
    title = "Call cancelled"


class ApprovalMismatchError(ToolLayerError):
    """This approval was given for another call: other arguments, another tool or another agent."""

    code = "E3023"
    status = 409
    title = "Approval of another call"


class ToolStoppedError(ToolLayerError):
    """The sandbox ended the code: it took more time, memory or processes than it may."""

    code = "E3024"
    status = 422
    title = "Code ended"
