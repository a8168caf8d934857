"""What `platform verify` does: the specification's verification steps and its success criteria, against what is running."""
