"""What others see of a call: one observer, and a file for each of those it tells."""
