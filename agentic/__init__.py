"""Agentic: a self-hosted platform for AI agents, ten layers in one process.

Of the platform's parts, those that an agent of your own is written with are here too: `agentic.agent`, `agentic.tool`,
`agentic.carrying`, `agentic.run`. They are loaded when they are first used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# By name: whoever asks for the version alone must not load a layer.
_OFFERED = {
    "agent": "agentic.layers.L02_agent_runtime.durable",
    "RunContext": "agentic.layers.L02_agent_runtime.context_of_run",
    "carrying": "agentic.layers.L02_agent_runtime.own_worker",
    "run": "agentic.layers.L02_agent_runtime.own_worker",
    "run_worker": "agentic.layers.L02_agent_runtime.own_worker",
    "tool": "agentic.layers.L03_tool_execution.functions",
}


def __getattr__(name: str) -> Any:
    """One of the parts that agents are written with."""
    if name in _OFFERED:
        return getattr(import_module(_OFFERED[name]), name)
    raise AttributeError(f"module 'agentic' has no attribute {name!r}")
