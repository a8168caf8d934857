"""The learning layer in a process of its own: `uvicorn agentic.layers.L07_learning.main:app --port 8008`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L07_learning.layer import Learning

app = serve_alone(Learning)
