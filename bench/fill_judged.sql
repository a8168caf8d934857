-- Runs as agents leave them, each with three steps and a thumb: half of them good. Every second prompt is asked twice.
INSERT INTO agents (id, did, name, configuration)
  VALUES ('00000000-0000-7000-8000-000000000001', 'did:bench:1', 'bench', '{}');
INSERT INTO runs (id, agent_id, status, input, output, configuration, steps, created_at, completed_at)
  SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '00000000-0000-7000-8000-000000000001', 'completed',
    to_jsonb('Where is stop ' || n / 2 || ', and how do I get there from the market in the old town? ' || repeat('Please be exact. ', 10)),
    to_jsonb('Stop ' || n || ' is in the north.'),
    '{"model": "small", "instructions": "You are the guide of a town. Answer in one sentence, and look first.", "tools": ["look"]}',
    3, timestamptz '2026-01-01' + n * interval '1 ms', timestamptz '2026-01-01' + n * interval '1 ms'
  FROM generate_series(1, :runs) n;
INSERT INTO run_steps (id, run_id, number, kind, name, input, output, completed_at)
  SELECT gen_random_uuid(), ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, step,
    CASE step WHEN 2 THEN 'tool' ELSE 'model' END, CASE step WHEN 2 THEN 'look' ELSE 'small' END,
    CASE step WHEN 1 THEN '{"seen": 0}'::jsonb WHEN 2 THEN '{"asked": 1, "index": 0, "arguments": {}}'
      ELSE '{"seen": 2}' END,
    CASE step WHEN 1 THEN jsonb_build_object('finish_reason', 'tool_calls', 'message', jsonb_build_object('role', 'assistant', 'content',
        null, 'tool_calls', jsonb_build_array(jsonb_build_object('id', 'call_1', 'type', 'function', 'function',
        jsonb_build_object('name', 'look', 'arguments', '{"stop": ' || n || '}')))))
      WHEN 2 THEN jsonb_build_object('found', repeat('A street, a square, a bridge. ', 10))
      ELSE jsonb_build_object('finish_reason', 'stop', 'message', jsonb_build_object('role', 'assistant', 'content',
        'Stop ' || n || ' is in the north. ' || repeat('Go straight on and then left. ', 5))) END,
    now()
  FROM generate_series(1, :runs) n, generate_series(1, 3) step;
INSERT INTO feedback_entries (id, agent_id, feedback_type, rating, run_id, source, author, created_at)
  SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'thumb', CASE n % 2 WHEN 0 THEN 1 ELSE -1 END,
    ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'chat', 'ada', timestamptz '2026-01-01' + n * interval '1 ms'
  FROM generate_series(1, :runs) n;
