"""The hybrid quantum residual network: blocks that are measured, activated and mixed back into their state."""
