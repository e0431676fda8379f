"""A dataset and a head that qlab finds through entry points."""
