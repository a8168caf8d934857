"""The integration layer in a process of its own: `uvicorn agentic.layers.L11_integration.main:app --port 8011`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L11_integration.layer import Integration

app = serve_alone(Integration)
