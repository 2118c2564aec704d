"""Replies kept under an Idempotency-Key, and the claims of calls made under one."""
