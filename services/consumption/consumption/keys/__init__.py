"""API keys: made once, shown once, looked up by digest."""
