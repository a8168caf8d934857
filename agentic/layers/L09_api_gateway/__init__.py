"""L09, the API gateway: `/api/v1` for clients, behind a key. It stores nothing itself; L01 does."""
