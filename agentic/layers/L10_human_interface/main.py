"""The human interface in a process of its own: `uvicorn agentic.layers.L10_human_interface.main:app --port 8001`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L10_human_interface.layer import HumanInterface

app = serve_alone(HumanInterface)
