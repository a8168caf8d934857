"""The bus: whether it answers, and is of a version that the platform knows."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import redis.asyncio
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from agentic.layers.L01_data_layer.addresses import BUS_FORM, wrong_with_bus
from agentic.platform.diagnosis.finding import Finding, fine, note, problem
from agentic.platform.stores import Store, without_password

ANSWER_LIMIT: Final = 5.0
OLDEST: Final = {"Redis": 7, "Valkey": 8}


async def bus(store: Store | None, oldest: dict[str, int] = OLDEST) -> Finding:
    """What is to be said of the bus; `store` is none when the embedded one does not run at this moment."""
    if store is None:
        return fine("Bus", "embedded; it runs when the platform does")
    if wrong := wrong_with_bus(store.url):
        return problem("Bus", f"REDIS_URL can be no address: {wrong}.", f"Its form is {BUS_FORM}.")
    where = "embedded" if store.embedded else without_password(store.url)
    try:
        async with asyncio.timeout(ANSWER_LIMIT):
            name, version = await _ask(store.url)
    except NoPermissionError:
        return note("Bus", f"{where} answers, but may not be asked for its version (INFO is denied).")
    except (ValueError, TypeError) as error:  # of the options in the address
        return _unusable(where, error, f"REDIS_URL has the form {BUS_FORM}.")
    except (RedisError, OSError) as error:
        if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
            return problem(
                "Bus", f"{where} wants another password.", "Correct user and password in REDIS_URL."
            )
        return _unusable(
            where,
            error,
            "Start it, correct REDIS_URL, or unset REDIS_URL for the bus that the platform brings.",
        )
    if int(version.partition(".")[0]) >= oldest[name]:
        return fine("Bus", f"{name} {version}, {where}")
    wanted = " or ".join(f"{kind} {number}" for kind, number in oldest.items())
    return problem(
        "Bus",
        f"{where} is {name} {version}; the platform needs {wanted} or newer.",
        "Use a newer one, or unset REDIS_URL for the bus that the platform brings.",
    )


async def _ask(url: str) -> tuple[str, str]:
    """Its name and version. Valkey also claims to be the Redis that it is compatible with."""
    connect: Any = redis.asyncio.Redis
    client = connect.from_url(url, decode_responses=True)
    try:
        await client.ping()
        facts: dict[str, Any] = await client.info("server")
    finally:
        await client.aclose()
    if "valkey_version" in facts:
        return "Valkey", str(facts["valkey_version"])
    return "Redis", str(facts["redis_version"])


def _unusable(where: str, error: Exception, advice: str) -> Finding:
    reason = "no answer in time" if isinstance(error, TimeoutError) else str(error).rstrip(".")
    return problem("Bus", f"The bus ({where}) cannot be used: {reason}.", advice)
