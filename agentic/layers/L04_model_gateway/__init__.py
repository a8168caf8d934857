"""L04: the model gateway."""
