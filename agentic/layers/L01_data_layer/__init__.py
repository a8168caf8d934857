"""L01, the data layer: every write is a row and an event in one transaction, published on Redis `l01:events`."""
