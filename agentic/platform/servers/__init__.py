"""What starts, watches and stops the embedded PostgreSQL and Valkey; used through `agentic.platform.embedded`."""
