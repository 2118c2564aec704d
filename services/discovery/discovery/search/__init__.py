"""Find listings by words, by meaning and by filters; say why each was found."""
