"""How a dataset gets items: one by hand, a file, runs, feedback; and how it leaves as a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.models.fields import MAX_TEXT
from agentic.layers.L06_evaluation.models import Filled
from agentic.layers.L10_human_interface.forms import required_in, text_in, value_of
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 1000
KEPT: Final = ("input", "expected", "metadata", "split", "source_run_id", "source_feedback_id", "person")
"""What of an item goes into a file."""


async def fill(site: Site, dataset_id: str, source: str, form: FormData) -> str:
    """Adds items from a source; answers what came of it, in a sentence.

    Raises:
        NotFoundError: there is no such source.
        PlatformError: it cannot be read, or the evaluation layer is missing.
    """
    if source == "item":
        item = {"input": value_of(required_in(form, "input")), **_written(form)}
        change = await site.l01.datasets.add(dataset_id, [item])
        return "1 item added." if change["changed"] else "It is there already."
    l06 = await site.beside.evaluation.client()
    split = text_in(form, "split") or None
    match source:
        case "file":
            text, form_of_file = await _uploaded(form)
            filled = await l06.fill_from_file(dataset_id, text, format=form_of_file, split=split)
        case "runs":
            filled = await l06.fill_from_runs(
                dataset_id, **_chosen(form), min_score=_number(form, "min_score"), split=split
            )
        case "feedback":
            filled = await l06.fill_from_feedback(
                dataset_id, **_chosen(form), min_rating=_number(form, "min_rating", int), split=split
            )
        case _:
            raise NotFoundError(f"Items cannot come from {source!r}.")
    return _said(filled)


async def lines_of(site: Site, dataset_id: str, revision: int) -> AsyncGenerator[bytes]:
    """The items of a revision as lines of JSON, the oldest first; a page of them is in memory at a time."""
    items = site.l01.dataset_items.all(dataset_id=dataset_id, revision=str(revision), order="asc", limit=PAGE)
    async for item in items:
        yield jsonio.encode({name: item[name] for name in KEPT if item[name] not in (None, {})}) + b"\n"


def _written(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if expected := text_in(form, "expected"):
        fields["expected"] = value_of(expected)
    if split := text_in(form, "split"):
        fields["split"] = split
    return fields


def _chosen(form: FormData) -> dict[str, Any]:
    return {"agent_id": text_in(form, "agent_id") or None, "limit": _number(form, "limit", int)}


def _number(form: FormData, name: str, kind: type[int] | type[float] = float) -> float | int | None:
    text = text_in(form, name)
    try:
        return kind(text) if text else None
    except ValueError:
        raise InvalidError.of((name, "not a number")) from None


async def _uploaded(form: FormData) -> tuple[str, str]:
    """The text of the file that was sent, and how it is written."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidError.of(("file", "choose a file"))
    content = await file.read(MAX_TEXT + 1)
    if len(content) > MAX_TEXT:
        raise InvalidError.of(("file", f"larger than {MAX_TEXT:,} bytes: send it in parts"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidError.of(("file", "not text in UTF-8")) from None
    return text, "csv" if file.filename.casefold().endswith(".csv") else "jsonl"


def _said(filled: Filled) -> str:
    said = f"{filled['added']} added"
    if filled["there"]:
        said += f", {filled['there']} there already"
    if left_out := filled["left_out"]:
        said += f", {len(left_out)} left out ({left_out[0]['source']}: {left_out[0]['reason']})"
    return f"{said}."
