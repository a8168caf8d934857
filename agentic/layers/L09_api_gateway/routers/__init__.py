"""The routes of the gateway, by version of the API."""
