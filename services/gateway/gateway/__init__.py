"""The public door: every path of the marketplace under one address, and the data plane in the same process."""
