"""The use cases: each is a function from a config to a record, and knows no terminal."""
