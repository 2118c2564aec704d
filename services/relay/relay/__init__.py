"""The relay: carries the event log from PostgreSQL to Kafka."""
