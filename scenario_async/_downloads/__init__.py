"""Downloads: the files behind hits, in a folder."""
