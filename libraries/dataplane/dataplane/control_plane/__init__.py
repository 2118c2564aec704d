"""What the data plane asks of other services, over gRPC."""
