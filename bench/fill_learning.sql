-- Beside what fill.sql and fill_work.sql make: evaluations of a hundred agents over thirty days, feedback on them, a dataset of 20,000
-- items in 20 versions with experiments on it, one of them with 10,000 tries, and improvements.

INSERT INTO evaluations (id, agent_id, evaluation_type, score, feedback, created_at)
SELECT pg_temp.time_ordered_id(at), agent_id, (ARRAY['helpful', 'exact', 'tone', 'brief'])[1 + n % 4], round(random()::numeric, 4),
    'It answers what was asked.', at
FROM (
    SELECT series.n, made_agents.id AS agent_id, now() - interval '30 days' * random() AS at
    FROM generate_series(1, 200000) series (n) JOIN made_agents ON made_agents.n = 1 + series.n % 100
) made;

INSERT INTO feedback_entries (id, agent_id, feedback_type, rating, content, processed)
SELECT pg_temp.time_ordered_id(now()), made_agents.id, 'rating', 1 + made_agents.n % 5, repeat('word ', 10), made_agents.n % 2 = 0
FROM made_agents;

CREATE TEMP TABLE made_datasets AS
SELECT n, pg_temp.time_ordered_id(now()) AS id FROM generate_series(1, 200) n;

INSERT INTO datasets (id, name, revision, size, created_at, updated_at)
SELECT id, 'dataset-' || n, CASE n WHEN 200 THEN 20 ELSE 0 END, CASE n WHEN 200 THEN 20000 ELSE 0 END, now(), now() FROM made_datasets;

CREATE TEMP TABLE made_items AS SELECT n, pg_temp.time_ordered_id(now()) AS id FROM generate_series(1, 20000) n;

INSERT INTO dataset_items (id, dataset_id, input, expected, digest, added_in)
SELECT made_items.id, made_datasets.id, to_jsonb('question ' || made_items.n), to_jsonb('answer ' || made_items.n),
    md5(made_items.n::text) || md5(''), 1 + made_items.n / 1000
FROM made_items JOIN made_datasets ON made_datasets.n = 200;

CREATE TEMP TABLE made_experiments AS SELECT n, pg_temp.time_ordered_id(now()) AS id FROM generate_series(1, 1000) n;

INSERT INTO experiments (id, name, dataset_id, dataset_revision, agent_id, configuration, repeats, status, created_at, updated_at)
SELECT made_experiments.id, 'experiment ' || made_experiments.n, made_datasets.id, 20, made_agents.id, '{}', 1, 'completed', now(), now()
FROM made_experiments JOIN made_datasets ON made_datasets.n = 200 JOIN made_agents ON made_agents.n = made_experiments.n;

INSERT INTO experiment_results (id, experiment_id, item_id, arm, repeat, fingerprint, output, score)
SELECT pg_temp.time_ordered_id(now()), made_experiments.id, made_items.id, 'subject', 0, repeat('0', 64), '"an answer"', 0.5
FROM made_items JOIN made_experiments ON made_experiments.n = 1000 WHERE made_items.n <= 10000;

INSERT INTO improvements (id, agent_id, title, method, base_version, before, proposal, status, created_at, updated_at)
SELECT pg_temp.time_ordered_id(now()), id, 'improvement ' || n, 'lessons', 1, '{"instructions": "Be brief."}',
    '{"instructions": "Be very brief."}', 'ready', now(), now()
FROM made_agents WHERE n <= 1000;
