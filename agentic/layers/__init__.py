"""The ten layers of the platform and the vocabulary they share (`base`)."""
