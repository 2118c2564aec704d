"""Who may ask: the one vendor key, and refusals in OpenAI's shape."""
