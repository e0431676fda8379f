"""Results: one record per run, its files, and the tables made of records."""
