"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from bench.kit.services import POSTGRES_URL, REDIS_URL

PACKAGES = ("asyncpg", "fastapi", "pydantic", "redis", "sqlalchemy", "starlette", "uvicorn", "uvloop")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


async def machine_facts() -> dict[str, str]:
    """The machine, the servers with the settings that matter, and the versions of what runs on the hot paths."""
    connection = await asyncpg.connect(f"{POSTGRES_URL}/postgres")
    settings = {
        name: await connection.fetchval("SELECT current_setting($1)", name)
        for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    }
    await connection.close()
    async with Redis.from_url(REDIS_URL) as redis:
        redis_version = (await redis.info("server"))["redis_version"]
    server_version = settings.pop("server_version")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": f"{server_version} ({', '.join(f'{name} {value}' for name, value in settings.items())})",
        "redis": str(redis_version),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }
