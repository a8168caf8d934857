"""One API's form out of another's. OpenAI's chat form is the pivot: everything goes by way of it."""
