"""The explorer: a page on this machine, for one person, that searches as one types."""
