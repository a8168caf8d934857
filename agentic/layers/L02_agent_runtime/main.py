"""The agent runtime in a process of its own: `uvicorn agentic.layers.L02_agent_runtime.main:app --port 8003`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L02_agent_runtime.layer import AgentRuntime

app = serve_alone(AgentRuntime)
