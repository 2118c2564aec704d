"""An honest stand-in for an LLM vendor."""
