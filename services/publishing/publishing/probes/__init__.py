"""Testing of a live endpoint: health, security and a small benchmark, over connections to vetted addresses."""
