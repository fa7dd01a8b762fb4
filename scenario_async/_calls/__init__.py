"""One call: its waits, its attempts, its retries and its end."""
