"""The public door and the data plane."""
