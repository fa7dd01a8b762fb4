"""What tests make by hand: hits, pages, and clients that ask no service."""
