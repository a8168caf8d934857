"""The planning layer in a process of its own: `uvicorn agentic.layers.L05_planning.main:app --port 8006`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L05_planning.layer import Planner

app = serve_alone(Planner)
