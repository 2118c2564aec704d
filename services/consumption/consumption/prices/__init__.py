"""The price book: what a version of a listing costs, from when."""
