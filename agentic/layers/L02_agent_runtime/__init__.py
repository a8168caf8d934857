"""L02, the agent runtime: agents that run, survive, and stop where they are told to."""
