"""A quantum head against its classical twins, seed by seed."""
