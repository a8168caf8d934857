"""What messages are signed with. Kept beside the log, without events (docs/decisions/0040)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.signing_secret import SecretAddress, SecretSet

GET: Final = "SELECT * FROM signing_secrets WHERE owner = $1"
SET: Final = """
INSERT INTO signing_secrets (owner, secret, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (owner) DO UPDATE
SET secret = excluded.secret, previous = signing_secrets.secret, previous_until = $4, updated_at = excluded.updated_at
RETURNING *
"""
SET_FIRST: Final = """
INSERT INTO signing_secrets (owner, secret, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (owner) DO UPDATE SET secret = signing_secrets.secret
RETURNING *
"""


class SigningSecretStore:
    """One secret of each owner, and for a while the one before it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, call: Call) -> Answer:
        """The secret of an owner."""
        owner = _owner(call)
        row = await self._database.fetchrow(GET, owner)
        if row is None:
            raise NotFoundError(f"{owner} has no secret.")
        return _answer(row)

    async def set(self, call: Call) -> Answer:
        """Gives an owner a secret. The one before it stays valid for a while; with `first`, there is to be none before."""
        owner, body, moment = _owner(call), validated(SecretSet, call.body), now()
        if body.first:
            (row,) = await self._database.write(SET_FIRST, owner, body.secret, moment)
        else:
            until = moment + timedelta(seconds=body.overlap)
            (row,) = await self._database.write(SET, owner, body.secret, moment, until)
        return _answer(row)


def _owner(call: Call) -> str:
    return validated(SecretAddress, dict(call.path)).owner


def _answer(row: Record) -> Answer:
    until = row["previous_until"]
    valid = until is not None and until > now()
    record = {
        "owner": row["owner"],
        "secret": row["secret"],
        "previous": row["previous"] if valid else None,
        "previous_until": timestamp(until) if valid else None,
        "updated_at": timestamp(row["updated_at"]),
    }
    return Answer(jsonio.encode(record))
