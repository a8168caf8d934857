"""The human interface: the dashboard, rendered on the server and live over a WebSocket."""
