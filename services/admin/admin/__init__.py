"""Accounts, teams, approvals, policies, audit."""
