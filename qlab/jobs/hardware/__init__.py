"""A trained head on a device: estimated, sent once, fetched whenever."""
