"""The pages, one file for each section."""
