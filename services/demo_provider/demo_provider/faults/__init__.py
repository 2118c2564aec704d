"""Misbehaviour on demand, so that callers can be tested against it."""
