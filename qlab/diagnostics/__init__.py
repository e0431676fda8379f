"""What a circuit can do before anything is trained: expressibility, entangling capability, variance of gradients."""
