"""The local model: a small one from packages, in a child process, for plumbing, demos and tests."""
