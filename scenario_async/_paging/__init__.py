"""From page to page: positions and tokens, iterations, prefetch, and many searches at once."""
