"""Making, listing and revoking keys, as the command line does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.access import ApiKey
from agentic.layers.L09_api_gateway.errors import ExpiredKeyError, MissingScopeError, RevokedKeyError
from agentic.layers.L09_api_gateway.keys import (
    check,
    create_key,
    digest,
    list_keys,
    make,
    revoke_key,
    scope_for,
    well_formed,
)

pytestmark = pytest.mark.anyio

KEY = "agk_" + "x" * 43


def record(**fields: object) -> ApiKey:
    return {"scopes": ["read"], "expires_at": None, "revoked_at": None, **fields}  # type: ignore[return-value]


def test_a_key_is_256_random_bits() -> None:
    keys = {make() for _ in range(100)}
    assert len(keys) == 100
    assert all(well_formed(key) and len(key) == len("agk_") + 43 for key in keys)


@pytest.mark.parametrize("text", ["", "agk_", "agk_short", "x" * 47, KEY + "x", KEY + "\n", KEY[:-1] + "ä"])
def test_what_cannot_be_a_key_is_seen_at_once(text: str) -> None:
    assert not well_formed(text)


@pytest.mark.parametrize(
    ("method", "scope"),
    [("GET", "read"), ("HEAD", "read"), ("POST", "write"), ("PATCH", "write"), ("DELETE", "write")],
)
def test_reading_and_writing_need_a_scope_each(method: str, scope: str) -> None:
    assert scope_for(method) == scope


def test_scopes_do_not_imply_each_other_but_admin_implies_both() -> None:
    check(record(scopes=["read"]), "read")
    check(record(scopes=["admin"]), "read")
    check(record(scopes=["admin"]), "write")
    for scopes, needed in ((["read"], "write"), (["write"], "read"), (["read", "write"], "admin")):
        with pytest.raises(MissingScopeError) as caught:
            check(record(scopes=scopes), needed)  # type: ignore[arg-type]
        assert caught.value.members == {"needed_scope": needed}


def test_a_key_expires_at_its_moment_and_not_before() -> None:
    expiring = record(expires_at="2026-06-01T12:00:00.000000Z")
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    check(expiring, "read", moment - timedelta(microseconds=1))
    with pytest.raises(ExpiredKeyError, match="2026-06-01"):
        check(expiring, "read", moment)


def test_a_revoked_key_says_so_even_when_it_expired_as_well() -> None:
    with pytest.raises(RevokedKeyError):
        check(record(revoked_at="2020-01-01T00:00:00Z", expires_at="2020-01-01T00:00:00Z"), "read")


async def test_only_the_hash_is_stored(l01: L01Client) -> None:
    new = await create_key(l01, "laptop", ("read",), datetime.now(UTC) + timedelta(days=30))
    stored = await list_keys(l01)
    assert stored == [new.record]
    assert stored[0]["key_hash"] == digest(new.key)
    assert stored[0]["prefix"] == new.key[:12]
    events = await l01.events.list(aggregate_id=new.record["id"])
    assert new.key not in str(stored)
    assert new.key not in str(events)


async def test_unknown_scopes_are_refused(l01_local: L01Client) -> None:
    for scopes in ((), ("root",), ("read", "everything")):
        with pytest.raises(InvalidError, match="read, write, admin"):
            await create_key(l01_local, "laptop", scopes)
    assert await list_keys(l01_local) == []


async def test_an_expiry_in_the_past_or_without_an_offset_is_refused(l01_local: L01Client) -> None:
    for moment in (datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1)):  # noqa: DTZ001
        with pytest.raises(InvalidError, match="expires_at"):
            await create_key(l01_local, "laptop", expires_at=moment)


async def test_a_key_is_revoked_by_its_id_or_name_and_only_once(l01: L01Client) -> None:
    first = (await create_key(l01, "first")).record
    second = (await create_key(l01, "second")).record
    revoked = await revoke_key(l01, first["id"])
    assert revoked["revoked_at"] is not None
    assert await revoke_key(l01, first["id"]) == revoked
    assert (await revoke_key(l01, "second"))["id"] == second["id"]


async def test_a_name_that_several_valid_keys_have_is_refused_with_their_ids(l01_local: L01Client) -> None:
    ids = [(await create_key(l01_local, "twin")).record["id"] for _ in range(2)]
    with pytest.raises(InvalidError) as caught:
        await revoke_key(l01_local, "twin")
    assert all(key_id in caught.value.detail for key_id in ids)
    await revoke_key(l01_local, ids[0])
    assert (await revoke_key(l01_local, "twin"))["id"] == ids[1]


@pytest.mark.parametrize("moment", [None, "", "soon", 0, False])
async def test_a_revoked_key_stays_revoked(l01: L01Client, moment: object) -> None:
    key = (await create_key(l01, "gone")).record
    revoked = await revoke_key(l01, key["id"])
    with pytest.raises(InvalidError) as caught:
        await l01.keys.update(key["id"], {"revoked_at": moment})
    assert [error["field"] for error in caught.value.members["errors"]] == ["revoked_at"]
    assert await l01.keys.get(key["id"]) == revoked
    named = await l01.keys.update(key["id"], {"name": "gone for good"})
    assert named["revoked_at"] == revoked["revoked_at"]


async def test_a_key_that_is_not_there_cannot_be_revoked(l01_local: L01Client) -> None:
    for reference in ("nobody", "01a20325-92b7-72c8-a565-dd334b91464a"):
        with pytest.raises(NotFoundError):
            await revoke_key(l01_local, reference)
