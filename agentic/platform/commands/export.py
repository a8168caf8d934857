"""`platform export`: makes files of examples, and fetches them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from agentic.layers.base.backends import pooled
from agentic.layers.L07_learning.client import Export
from agentic.platform.command_error import CommandError
from agentic.platform.commands.finding import agent_of
from agentic.platform.commands.listing import plain_table, print_json, print_whole, say
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK


class Ask(NamedTuple):
    """Which examples are wanted, as the options say it."""

    kind: str
    file_format: str
    agent: str | None
    since: str | None
    test: float
    seed: int
    people_only: bool


def export(where: Where, ask: Ask, out: Path | None, *, json: bool) -> int:
    """Makes the files, waits for them, and says where they are; answers the exit code."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)

    async def work(platform: Reached) -> int:
        begun = await platform.l07.export(
            ask.kind,
            file_format=ask.file_format,
            agent_id=None if ask.agent is None else (await agent_of(platform.l01, ask.agent))["id"],
            since=ask.since,
            test=ask.test,
            seed=ask.seed,
            evaluators=not ask.people_only,
        )
        export = await platform.l07.wait_for_export(begun["id"])
        if export["status"] != "completed":
            say(f"The export is {export['status']}: {export['reason'] or 'no reason is known'}")
            return FAILED
        if out is not None:
            await _fetch(platform, where, export, out)
        if json:
            print_json(export)
        else:
            _print(export, out)
        return OK

    return on_platform(where, work)


def _print(export: Export, out: Path | None) -> None:
    result: dict[str, Any] = export["result"] or {}
    table = plain_table("File", "Examples", "Bytes", right=("Examples", "Bytes"))
    for file in result["files"]:
        folder = out or Path(result["folder"])
        table.add_row(str(folder / file["name"]), f"{file['examples']:,}", f"{file['bytes']:,}")
    print_whole(table)
    skipped = ", ".join(f"{count} {reason}" for reason, count in result["skipped"].items())
    told = f"From {result['judged_runs']} judged runs; {result['duplicates']} the same; secrets taken out of {result['redacted']}."
    say(f"{told}{f' Left out: {skipped}.' if skipped else ''}")


async def _fetch(platform: Reached, where: Where, export: Export, out: Path) -> None:
    """Writes the files into a folder of this machine."""
    client = await pooled(platform.layers["L07"])
    headers = {"x-api-key": where.key} if where.key else {}
    names = [file["name"] for file in (export["result"] or {})["files"]]
    for name in (*names, "README.md"):
        path = f"/exports/{export['id']}/files/{name}"
        async with client.stream("GET", path, headers=headers) as response:
            if response.status_code != 200:
                raise CommandError(f"{name} cannot be fetched: the platform answered {response.status_code}.")
            with (out / name).open("wb") as file:
                async for block in response.aiter_bytes():
                    file.write(block)
