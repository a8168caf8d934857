"""How a client reaches the data layer: `local` (a call) or `http`. Both take and return the same."""
