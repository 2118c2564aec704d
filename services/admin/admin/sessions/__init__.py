"""Signing in and staying signed in: passwords against guessing, access tokens, refresh tokens."""
