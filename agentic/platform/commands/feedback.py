"""`platform feedback`: gives it, lists it, and notes what was done with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.platform.command_error import CommandError
from agentic.platform.commands.finding import LAST, agent_of, run_of
from agentic.platform.commands.listing import ago, plain_table, print_json, print_whole, say, short
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import OK

SOURCE = "command"


class Opinion(NamedTuple):
    """What somebody thinks of a run, as the options say it."""

    up: bool
    down: bool
    rating: int | None
    correction: str | None
    better_than: str | None
    say: str | None
    step: int | None
    by: str | None


class Wanted(NamedTuple):
    """Which feedback is listed."""

    agent: str | None
    run: str | None
    unprocessed: bool
    limit: int


def give(where: Where, reference: str, opinion: Opinion) -> int:
    """Gives feedback, and prints its ids; answers the exit code."""

    async def work(platform: Reached) -> int:
        run = await run_of(platform.l01, reference)
        worse = opinion.better_than and (await run_of(platform.l01, opinion.better_than))["id"]
        given = list(_parts(opinion, worse))
        if not given:
            raise CommandError(
                "Say what you think: --up, --down, --rating, --correction, --better-than or --say."
            )
        for kind, fields in given:
            about = {"content": opinion.say, "step": opinion.step, "author": opinion.by, "source": SOURCE}
            made = await platform.l07.give(run["id"], kind, **about, **fields)
            print(made["id"])
        return OK

    return on_platform(where, work)


def show_all(where: Where, wanted: Wanted, *, json: bool) -> int:
    """Prints feedback; answers the exit code."""

    async def work(platform: Reached) -> int:
        query: dict[str, Any] = {"limit": wanted.limit}
        if wanted.agent is not None:
            query["agent_id"] = (await agent_of(platform.l01, wanted.agent))["id"]
        if wanted.run is not None:
            query["run_id"] = (await run_of(platform.l01, wanted.run))["id"]
        if wanted.unprocessed:
            query |= {"processed": False, "order": "asc"}
        found = (await platform.l07.feedback(**query))["items"]
        if json:
            print_json(found)
        elif not found:
            say("There is no such feedback. `platform feedback give last --up` gives some.")
        else:
            table = plain_table("Given", "By", "What", "In words", "Handled", "Run", "Id")
            for each in found:
                handled = (each["handled"] or {}).get("done", "yes" if each["processed"] else "")
                by = short(each["author"] or each["source"], 20)
                words = short(each["content"], 40)
                run = each["run_id"] or "none"
                table.add_row(
                    ago(each["created_at"]), by, _told(each), words, short(handled, 30), run, each["id"]
                )
            print_whole(table)
        return OK

    return on_platform(where, work)


def handle(where: Where, feedback_id: str, done: str, by: str | None, reference: str | None) -> int:
    """Notes what was done with feedback; answers the exit code."""

    async def work(platform: Reached) -> int:
        wanted = await _id_of(platform, feedback_id)
        await platform.l07.handle(wanted, done, by=by, reference=reference)
        say("It is processed.")
        return OK

    return on_platform(where, work)


async def _id_of(platform: Reached, reference: str) -> str:
    if reference != LAST:
        return reference
    newest = (await platform.l07.feedback(limit=1))["items"]
    if not newest:
        raise CommandError("There is no feedback yet.")
    return newest[0]["id"]


def _parts(opinion: Opinion, worse: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds of feedback in an opinion."""
    if opinion.up and opinion.down:
        raise CommandError("It cannot be both --up and --down.")
    if opinion.up or opinion.down:
        yield "thumb", {"rating": 1 if opinion.up else -1}
    if opinion.rating is not None:
        yield "rating", {"rating": opinion.rating}
    if opinion.correction is not None:
        yield "correction", {"correction": opinion.correction}
    if worse is not None:
        yield "comparison", {"better_than": worse}
    words_alone = not (opinion.up or opinion.down or worse) and opinion.rating is opinion.correction is None
    if words_alone and opinion.say is not None:
        yield "comment", {}


def _told(feedback: Feedback) -> str:
    kind, rating = feedback["feedback_type"], feedback["rating"]
    if kind == "thumb":
        return "thumb up" if (rating or 0) > 0 else "thumb down"
    return kind if rating is None else f"{kind} {rating}"
