"""Access requests: a person asks for a key to one listing, and somebody else decides."""
