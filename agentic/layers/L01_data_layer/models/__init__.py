"""What callers of the data layer send and get."""
