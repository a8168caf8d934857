-- Beside what fill.sql makes: :goals goals, each with a plan of ten steps whose tasks have run, judged and talked about; and the
-- last plan once more with 200 steps. Rows only: the million events are those of fill.sql, and no page reads a record's own events
-- but by its id.

CREATE TEMP TABLE made_goals AS
SELECT n, pg_temp.time_ordered_id(now() - interval '1 day' + interval '1 second' * n) AS id,
    pg_temp.time_ordered_id(now() - interval '1 day' + interval '1 second' * n) AS plan_id,
    pg_temp.time_ordered_id(now() - interval '1 day' + interval '1 second' * n) AS run_id,
    (ARRAY['pending', 'active', 'completed', 'failed'])[1 + n % 4] AS status, CASE n WHEN :goals THEN 200 ELSE 10 END AS size
FROM generate_series(1, :goals) n;

CREATE TEMP TABLE made_tasks AS
SELECT goal.n, goal.id AS goal_id, goal.plan_id, goal.run_id AS parent_run_id, step,
    pg_temp.time_ordered_id(now() - interval '1 hour') AS id, pg_temp.time_ordered_id(now() - interval '1 hour') AS run_id,
    pg_temp.time_ordered_id(now() - interval '1 hour') AS usage_id
FROM made_goals goal CROSS JOIN LATERAL generate_series(1, goal.size) step;

INSERT INTO goals (id, description, status, priority, created_at, updated_at)
SELECT id, 'goal ' || n, status, n % 10, now(), now() FROM made_goals;

INSERT INTO plans (id, goal_id, plan_type, steps, status, current_step, run_id)
SELECT plan_id, id, 'dag', (
    SELECT jsonb_agg(jsonb_build_object('id', 's' || step, 'tool', 'noop', 'depends_on',
        CASE WHEN step > 10 THEN jsonb_build_array('s' || step - 10, 's' || step - 9 - step % 2) ELSE '[]' END) ORDER BY step)
    FROM generate_series(1, size) step
), 'executing', size, run_id FROM made_goals;

INSERT INTO tasks (id, plan_id, step_id, description, status, sequence_order, output_data, started_at, completed_at)
SELECT id, plan_id, 's' || step, 'step ' || step, 'completed', step - 1, '{"text": "done"}', now() - interval '1 minute', now()
FROM made_tasks;

INSERT INTO runs (id, goal_id, status, input, configuration, started_at)
SELECT run_id, id, 'running', '{}', '{}', now() FROM made_goals;

INSERT INTO runs (id, goal_id, task_id, parent_run_id, status, input, configuration, steps, started_at, completed_at)
SELECT run_id, goal_id, id, parent_run_id, 'completed', '"do it"', '{}', 1, now() - interval '1 minute', now() FROM made_tasks;

INSERT INTO model_usage (id, run_id, goal_id, model_provider, model_name, input_tokens, output_tokens, latency_ms, cost_estimate)
SELECT usage_id, run_id, goal_id, 'p', 'm', 100, 20, 300, 0.001 FROM made_tasks;

INSERT INTO run_steps (id, run_id, number, kind, name, usage_id, completed_at)
SELECT pg_temp.time_ordered_id(now()), run_id, 1, 'model', 'm', usage_id, now() FROM made_tasks;

INSERT INTO evaluations (id, task_id, evaluation_type, score)
SELECT pg_temp.time_ordered_id(now()), id, 'exact', 0.5 FROM made_tasks;

INSERT INTO feedback_entries (id, task_id, feedback_type, rating)
SELECT pg_temp.time_ordered_id(now()), id, 'rating', 1 FROM made_tasks;
