"""The publication pipeline: ten phases, one durable run per version."""
