-- The fact that said that a version is valid: a validation that a crash repeats tells it no second time.
ALTER TABLE version_states ADD COLUMN validated_event_id text;
