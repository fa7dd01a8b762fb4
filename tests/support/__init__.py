"""What several test folders use: servers that do as they are told, and one face for both clients."""
