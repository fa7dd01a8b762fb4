"""How hits look: their thumbnails, for whatever shows them."""
