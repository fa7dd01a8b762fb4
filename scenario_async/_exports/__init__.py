"""Exports: all hits of a search into a file, in constant memory, going on after whatever stopped them."""
