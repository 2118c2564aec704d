"""How much listings are used lately, and which are used more and more."""
