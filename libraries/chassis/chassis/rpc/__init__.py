"""gRPC between services: every call has a deadline, a proven caller, and our errors at both ends."""
