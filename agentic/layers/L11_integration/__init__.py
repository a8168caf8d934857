"""L11, integration: every event goes to those who subscribed to its type, in order, and again after a restart."""
