"""Validation of OpenAPI documents: five layers of findings, strict or lenient, bounded in time and memory."""
