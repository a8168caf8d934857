-- Fills a migrated, empty database with :agents agents and ten events for each, as the data layer would have written
-- them over the last thirty days: rows equal the fold of their events, positions are dense and in order.
--
-- Of each agent's events the first creates it; the second changes its status, when it has another than created; the
-- others are facts that change no row. Types are uneven on purpose: one makes 44 % of the log, one five rows of it.

SELECT setseed(0.5);

CREATE FUNCTION pg_temp.time_ordered_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$;

CREATE FUNCTION pg_temp.written(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE TEMP TABLE made AS
SELECT n, created_at, created_at + interval '1 minute' AS changed_at, pg_temp.time_ordered_id(created_at) AS id,
    (ARRAY['general', 'general', 'general', 'research', 'coding', 'review'])[1 + n % 6] AS agent_type,
    CASE WHEN n % 10 < 4 THEN 'created' WHEN n % 1000 = 999 THEN 'terminated' ELSE 'active' END AS status
FROM (
    SELECT n, date_trunc('second', now()) - interval '30 days' * (1 - n / :agents.0) AS created_at
    FROM generate_series(1, :agents) n
) numbered;

INSERT INTO agents (id, did, name, agent_type, status, created_at, updated_at, version)
SELECT id, 'did:agentic:' || id, 'agent-' || n, agent_type, status, created_at,
    CASE status WHEN 'created' THEN created_at ELSE changed_at END, CASE status WHEN 'created' THEN 1 ELSE 2 END
FROM made;

CREATE TEMP TABLE facts AS
SELECT made.id AS aggregate_id, step AS version, made.created_at + interval '1 minute' * (step - 1) AS created_at,
    CASE WHEN step = 1 THEN 'create' WHEN step = 2 AND status <> 'created' THEN 'update' END AS verb,
    CASE
        WHEN step = 1 THEN 'agent.created'
        WHEN step = 2 AND status <> 'created' THEN 'agent.' || status
        WHEN step = 3 THEN 'agent.spawned'
        WHEN step = 10 AND n % 20000 = 0 THEN 'agent.lost'
        WHEN step > 7 THEN 'tool.executed'
        ELSE 'model.called'
    END AS event_type,
    CASE
        WHEN step = 1 THEN jsonb_build_object(
            'id', made.id, 'did', 'did:agentic:' || made.id, 'name', 'agent-' || n, 'agent_type', agent_type,
            'status', 'created', 'configuration', '{}'::jsonb, 'metadata', '{}'::jsonb, 'resource_limits', '{}'::jsonb,
            'created_at', pg_temp.written(made.created_at), 'updated_at', pg_temp.written(made.created_at), 'version', 1)
        WHEN step = 2 AND status <> 'created' THEN jsonb_build_object(
            'status', status, 'updated_at', pg_temp.written(changed_at))
        ELSE jsonb_build_object('input_tokens', n % 4000, 'output_tokens', n % 900, 'note', repeat('word ', n % 30))
    END AS payload
FROM made CROSS JOIN generate_series(1, 10) step;

INSERT INTO events (id, event_type, aggregate_type, aggregate_id, payload, created_at, version, verb, position)
SELECT pg_temp.time_ordered_id(created_at), event_type, 'agent', aggregate_id, payload, created_at, version, verb,
    row_number() OVER (ORDER BY created_at, aggregate_id, version)
FROM facts ORDER BY created_at, aggregate_id, version;

INSERT INTO aggregates (aggregate_type, aggregate_id, version) SELECT 'agent', id, 10 FROM made;

INSERT INTO event_kinds (event_type, aggregate_type, count)
SELECT event_type, aggregate_type, count(*) FROM events GROUP BY 1, 2;

UPDATE relay SET position = (SELECT count(*) FROM events), published = (SELECT count(*) FROM events);
