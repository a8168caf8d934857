"""L07, learning: feedback becomes examples, files and proven changes."""
