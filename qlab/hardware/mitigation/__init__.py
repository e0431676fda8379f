"""From what a noisy device measured to what it would have measured without its noise, with the error of that."""
