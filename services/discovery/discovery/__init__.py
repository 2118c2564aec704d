"""Find a listing by words, by meaning and by filters."""
