"""The vocabulary that every layer shares. Imports nothing else of ours."""
