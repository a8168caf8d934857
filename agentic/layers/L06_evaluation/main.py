"""The evaluation layer in a process of its own: `uvicorn agentic.layers.L06_evaluation.main:app --port 8007`."""

from agentic.layers.base.layer import serve_alone
from agentic.layers.L06_evaluation.layer import Evaluation

app = serve_alone(Evaluation)
