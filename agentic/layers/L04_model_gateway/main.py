"""The model gateway in a process of its own: `uvicorn agentic.layers.L04_model_gateway.main:app --port 8005`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L04_model_gateway.layer import ModelGateway

app = serve_alone(ModelGateway)
