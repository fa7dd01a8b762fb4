"""Many searches in one SQLite file, which goes on where it was left."""
