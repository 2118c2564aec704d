"""Keys, quotas, budgets, prices and settlement of calls."""
