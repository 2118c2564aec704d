"""Sentence vectors: the port, and MiniLM without torch."""
