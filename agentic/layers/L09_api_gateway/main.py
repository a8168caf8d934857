"""The gateway in a process of its own: `uvicorn agentic.layers.L09_api_gateway.main:app --port 8000`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L09_api_gateway.layer import ApiGateway

app = serve_alone(ApiGateway)
