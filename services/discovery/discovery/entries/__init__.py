"""The whole entry of one listing."""
