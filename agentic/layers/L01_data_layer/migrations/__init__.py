"""The schema, version by version, applied at start under a lock."""
