"""Training of a head on cached features, with checkpoints from which it goes on bit for bit."""
