"""From a search to bytes and back: requests, replies, hits, and the connections they travel over."""
