"""The control plane of calls: keys, quotas, budgets, prices and settlement."""
