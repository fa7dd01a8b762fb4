"""Every hit of a search, past the window in which engines let one page: plans without I/O, and what carries them out."""
