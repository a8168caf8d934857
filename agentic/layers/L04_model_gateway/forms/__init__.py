"""How callers speak: the forms of our routes. Each turns requests into OpenAI's form, and answers and errors into its own."""
