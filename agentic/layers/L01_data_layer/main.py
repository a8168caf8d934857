"""The data layer in a process of its own: `uvicorn agentic.layers.L01_data_layer.main:app --port 8002`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L01_data_layer.layer import DataLayer

app = serve_alone(DataLayer)
