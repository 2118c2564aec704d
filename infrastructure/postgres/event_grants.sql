-- Who may append to and read which topic, and who may knock at the log's door at all. Run as events_migrator after the
-- log's migrations; running it again changes nothing.

INSERT INTO events.grants (service, topic, may_append, may_read) VALUES
    ('admin', 'marketplace.approval.v1', true, true),
    ('admin', 'marketplace.identity.v1', true, true),
    ('admin', 'marketplace.listing.v1', false, true),
    ('admin', 'marketplace.key.v1', false, true),
    ('admin', 'marketplace.usage.v1', false, true),
    ('publishing', 'marketplace.listing.v1', true, true),
    ('publishing', 'marketplace.approval.v1', false, true),
    ('publishing', 'marketplace.identity.v1', false, true),
    ('discovery', 'marketplace.interaction.v1', true, true),
    ('discovery', 'marketplace.listing.v1', false, true),
    ('discovery', 'marketplace.usage.v1', false, true),
    ('discovery', 'marketplace.identity.v1', false, true),
    ('consumption', 'marketplace.usage.v1', true, true),
    ('consumption', 'marketplace.key.v1', true, true),
    ('consumption', 'marketplace.listing.v1', false, true),
    ('consumption', 'marketplace.identity.v1', false, true)
ON CONFLICT (service, topic) DO UPDATE SET may_append = excluded.may_append, may_read = excluded.may_read;

DO $$
DECLARE
    service text;
    door text;
BEGIN
    FOREACH service IN ARRAY ARRAY['admin', 'publishing', 'discovery', 'consumption'] LOOP
        FOREACH door IN ARRAY ARRAY['runtime', 'worker'] LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA events TO %I', service || '_' || door);
            EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA events TO %I', service || '_' || door);
        END LOOP;
    END LOOP;
END $$;
