"""The ledger held against itself: whether balances, leases and usage rows say the same."""
