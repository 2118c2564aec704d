"""Durable runs: workflows that survive the process, written once and free of any engine."""
