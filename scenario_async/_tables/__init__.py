"""Hits to keep: tables, their flat columns, and the files that they become."""
