"""Leases by name: one holder at a time, by the database's clock. They are kept without events (docs/decisions/0042)."""

from __future__ import annotations

from typing import Final

from agentic.layers.base import jsonio
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.conditions import equals
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.lease import LeaseAddress, LeaseAsk
from agentic.layers.L01_data_layer.models.resource import Paging
from agentic.layers.L01_data_layer.services.records import Records
from agentic.layers.L01_data_layer.statements import TableStatements
from agentic.layers.L01_data_layer.tables.lease import LEASES

HOLD: Final = """
WITH taken AS (
  INSERT INTO leases (name, holder, until) VALUES ($1, $2, statement_timestamp() + make_interval(secs => $3::float8))
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
  WHERE leases.holder = excluded.holder OR leases.until <= statement_timestamp()
  RETURNING holder, until
)
SELECT holder, until, $3::float8 > 0 AS held FROM taken
UNION ALL SELECT holder, until, false FROM leases WHERE name = $1 AND NOT EXISTS (SELECT FROM taken)
"""


class LeaseStore:
    """Who holds what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records = Records(
            database, TableStatements(LEASES, "lease"), lambda name, rows: equals(rows, name), by="name"
        )

    async def list(self, call: Call) -> Answer:
        """One page of leases, by name."""
        return await self._records.page(validated(Paging, call.query), {})

    async def hold(self, call: Call) -> Answer:
        """Takes a lease that is free, over or the asker's own already; otherwise says whose it is."""
        name = validated(LeaseAddress, dict(call.path)).name
        ask = validated(LeaseAsk, call.body)
        row = None
        while row is None:  # none: somebody made it since this statement began, and the next one sees that
            row = await self._database.fetchrow(HOLD, name, ask.holder, ask.seconds)
        lease = {"name": name, "holder": row["holder"], "until": timestamp(row["until"]), "held": row["held"]}
        return Answer(jsonio.encode(lease))
