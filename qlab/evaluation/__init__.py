"""What predictions are worth: metrics with their intervals."""
