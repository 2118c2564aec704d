"""Quotas and budgets: limits of scopes, their balances, and the leases that processes hold."""
