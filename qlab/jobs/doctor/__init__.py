"""What this installation has, lacks and finds."""
