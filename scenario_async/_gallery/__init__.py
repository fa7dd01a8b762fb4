"""A gallery: hits as one page that needs no service, and fetches nothing from anywhere."""
