"""One suite over both backends."""
