"""The life of a listing after its submission: published, stopped, deprecated."""
