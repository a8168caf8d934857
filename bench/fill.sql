-- Fills a migrated, empty database with :agents agents, five tools and ten events for each agent, as the data layer
-- would have written them over the last thirty days: rows equal the fold of their events, positions are dense.
--
-- Seven events are the agent's own: the first creates it; the second changes its status, when it has another than
-- created; the others change no row. Three are uses of a tool and the tool's. So types are uneven (one makes 40 % of the
-- log, one five rows of it), and so are aggregates (seven events, or tens of thousands).

SELECT setseed(0.5);

CREATE FUNCTION pg_temp.time_ordered_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$;

CREATE FUNCTION pg_temp.written(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE TEMP TABLE made_tools AS
SELECT n, created_at, pg_temp.time_ordered_id(created_at) AS id
FROM (SELECT n, date_trunc('second', now()) - interval '31 days' AS created_at FROM generate_series(1, 5) n) numbered;

CREATE TEMP TABLE made_agents AS
SELECT n, created_at, created_at + interval '1 minute' AS changed_at, pg_temp.time_ordered_id(created_at) AS id,
    (ARRAY['general', 'general', 'general', 'research', 'coding', 'review'])[1 + n % 6] AS agent_type,
    CASE WHEN n % 10 < 4 THEN 'created' WHEN n % 1000 = 999 THEN 'terminated' ELSE 'active' END AS status
FROM (
    SELECT n, date_trunc('second', now()) - interval '30 days' * (1 - n / :agents.0) AS created_at
    FROM generate_series(1, :agents) n
) numbered;

INSERT INTO tools (id, name, schema_def, created_at, updated_at)
SELECT id, 'tool-' || n, '{}', created_at, created_at FROM made_tools;

INSERT INTO agents (id, did, name, agent_type, status, created_at, updated_at, version)
SELECT id, 'did:agentic:' || id, 'agent-' || n, agent_type, status, created_at,
    CASE status WHEN 'created' THEN created_at ELSE changed_at END, CASE status WHEN 'created' THEN 1 ELSE 2 END
FROM made_agents;

CREATE TEMP TABLE facts AS
SELECT 'agent' AS aggregate_type, id AS aggregate_id, made_agents.created_at + interval '1 minute' * (step - 1) AS created_at,
    CASE WHEN step = 1 THEN 'create' WHEN step = 2 AND status <> 'created' THEN 'update' END AS verb,
    CASE
        WHEN step = 1 THEN 'agent.created'
        WHEN step = 2 AND status <> 'created' THEN 'agent.' || status
        WHEN step = 3 THEN 'agent.spawned'
        WHEN step = 7 AND n % 20000 = 0 THEN 'agent.lost'
        ELSE 'model.called'
    END AS event_type,
    CASE
        WHEN step = 1 THEN jsonb_build_object(
            'id', id, 'did', 'did:agentic:' || id, 'name', 'agent-' || n, 'agent_type', agent_type,
            'status', 'created', 'configuration', '{}'::jsonb, 'metadata', '{}'::jsonb, 'resource_limits', '{}'::jsonb,
            'created_at', pg_temp.written(created_at), 'updated_at', pg_temp.written(created_at), 'version', 1)
        WHEN step = 2 AND status <> 'created' THEN jsonb_build_object(
            'status', status, 'updated_at', pg_temp.written(changed_at))
        ELSE jsonb_build_object('input_tokens', n % 4000, 'output_tokens', n % 900, 'note', repeat('word ', n % 30))
    END AS payload
FROM made_agents CROSS JOIN generate_series(1, 7) step
UNION ALL
SELECT 'tool', made_tools.id, made_agents.created_at + interval '1 minute' * step, NULL, 'tool.executed',
    jsonb_build_object('agent_id', made_agents.id, 'duration_ms', made_agents.n % 700)
FROM made_agents CROSS JOIN generate_series(7, 9) step JOIN made_tools ON made_tools.n = 1 + (made_agents.n + step) % 5
UNION ALL
SELECT 'tool', id, created_at, 'create', 'tool.created', jsonb_build_object(
    'id', id, 'name', 'tool-' || n, 'description', NULL, 'tool_type', 'function', 'schema_def', '{}'::jsonb,
    'permissions', '{}'::jsonb, 'enabled', true,
    'created_at', pg_temp.written(created_at), 'updated_at', pg_temp.written(created_at), 'version', 1)
FROM made_tools;

INSERT INTO events (id, event_type, aggregate_type, aggregate_id, payload, created_at, verb, version, position)
SELECT pg_temp.time_ordered_id(created_at), event_type, aggregate_type, aggregate_id, payload, created_at, verb,
    row_number() OVER (PARTITION BY aggregate_type, aggregate_id ORDER BY created_at, verb),
    row_number() OVER (ORDER BY created_at, aggregate_id, verb)
FROM facts ORDER BY created_at, aggregate_id, verb;

INSERT INTO aggregates (aggregate_type, aggregate_id, version)
SELECT aggregate_type, aggregate_id, max(version) FROM events GROUP BY 1, 2;

INSERT INTO event_kinds (event_type, aggregate_type, count)
SELECT event_type, aggregate_type, count(*) FROM events GROUP BY 1, 2;

UPDATE relay SET position = (SELECT count(*) FROM events), published = (SELECT count(*) FROM events);
