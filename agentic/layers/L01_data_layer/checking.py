"""One report from the pages of the check of rows against the log."""

from __future__ import annotations

from collections.abc import AsyncIterable

from agentic.layers.L01_data_layer.models.check import CheckPage, CheckReport, Difference, PartReport


async def report_of(pages: AsyncIterable[CheckPage], limit: int) -> CheckReport:
    """Counts, and the first `limit` differences."""
    parts: dict[str, PartReport] = {}
    differences: list[Difference] = []
    async for page in pages:
        part = parts.setdefault(page["part"], {"checked": 0, "differing": 0})
        part["checked"] += page["checked"]
        part["differing"] += page["differing"]
        differences += page["differences"][: limit - len(differences)]
    ok = not any(part["differing"] for part in parts.values())
    return {"ok": ok, "parts": parts, "differences": differences}
