"""The tool layer in a process of its own: `uvicorn agentic.layers.L03_tool_execution.main:app --port 8004`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L03_tool_execution.layer import ToolExecution

app = serve_alone(ToolExecution)
