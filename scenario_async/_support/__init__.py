"""What every room may need: rules of single values, secrets, lifetimes, threads, and the way through a network."""
