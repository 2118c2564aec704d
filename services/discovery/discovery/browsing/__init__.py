"""Finding without a query: completions, categories, tags."""
