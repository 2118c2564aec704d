"""What every LLM call passes through, once: admission, reservation, metering, wire formats."""
