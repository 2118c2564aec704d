"""How the index in this process keeps up with the table of listings, and what it says of itself."""
