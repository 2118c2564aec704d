"""One machine: start order, health, restarts, shutdown."""
