"""Agentic: a self-hosted platform for AI agents, ten layers in one process."""

__version__ = "0.1.0"
