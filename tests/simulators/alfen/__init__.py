"""The simulated Alfen Eve."""
