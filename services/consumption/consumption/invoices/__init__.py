"""Suppliers' invoices held against our books: what differs, who owes, and what becomes of calls of unknown end."""
