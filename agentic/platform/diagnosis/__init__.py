"""What `platform doctor` looks at: one module for each thing that can be in the way. Nothing here changes anything."""
