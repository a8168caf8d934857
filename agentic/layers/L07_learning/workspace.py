"""What an export must remember while it reads: on disk, so that its memory is the same for ten runs and for ten million.

A file of SQLite in the export's own folder, made anew by each attempt and thrown away with it: scratch paper, and nobody's data.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L07_learning.conversations import Conversation, digest
from agentic.layers.L07_learning.examples import Judged

MOST: Final = 8
"""Good and bad runs of one prompt that are paired, each with each."""

_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE seen (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE judged (run TEXT PRIMARY KEY, prompt TEXT, verdict INTEGER, judged BLOB) WITHOUT ROWID;
CREATE INDEX by_prompt ON judged (prompt, verdict, run);
CREATE TABLE compared (feedback TEXT PRIMARY KEY, better TEXT, worse TEXT, given BLOB) WITHOUT ROWID;
"""
_PROMPTS: Final = """
SELECT prompt FROM judged GROUP BY prompt HAVING max(verdict) > 0 AND min(verdict) < 0 ORDER BY prompt
"""
_OF_PROMPT: Final = "SELECT judged FROM judged WHERE prompt = ? AND verdict = ? ORDER BY run LIMIT ?"
_COMPARED: Final = """
SELECT a.judged, b.judged, given FROM compared JOIN judged a ON a.run = better JOIN judged b ON b.run = worse ORDER BY feedback
"""

Pair = tuple[Judged, Judged, list[Feedback]]


class Workspace:
    """The examples that were seen, and the runs that may become pairs."""

    def __init__(self, file: Path) -> None:
        # The export's pages are worked on in threads, one after the other.
        import sqlite3  # an idle platform has no use for it

        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.executescript(_TABLES)
        self._db.execute(
            "BEGIN"
        )  # for ever: what is thrown away need not be committed, statement by statement

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def is_new(self, example: dict[str, Any]) -> bool:
        """Whether no example with the same content came before. Where it is from does not count."""
        content = {name: value for name, value in example.items() if name != "lineage"}
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest(content),)).rowcount == 1

    def keep(self, judged: Judged) -> None:
        """Remembers a run that may be paired with others that were asked the same."""
        prompt = digest([judged.conversation.prompt, judged.tools])
        row = (judged.run_id, prompt, judged.verdict, jsonio.encode(judged))
        self._db.execute("INSERT INTO judged VALUES (?, ?, ?, ?)", row)
        for each in judged.feedback:
            if each["better_than"] is not None:
                compared = (each["id"], judged.run_id, each["better_than"], jsonio.encode(each))
                self._db.execute("INSERT OR IGNORE INTO compared VALUES (?, ?, ?, ?)", compared)

    def pairs(self) -> Iterator[Pair]:
        """Better and worse runs: as people compared them, then good and bad ones that were asked the same."""
        for better, worse, given in self._db.execute(_COMPARED):
            yield _judged(better), _judged(worse), [jsonio.decode(given)]
        for (prompt,) in self._db.execute(_PROMPTS):
            good, bad = self._of(prompt, 1), self._of(prompt, -1)
            for better in good:
                for worse in bad:
                    yield better, worse, [*better.feedback, *worse.feedback]

    def _of(self, prompt: str, verdict: int) -> list[Judged]:
        return [_judged(row) for (row,) in self._db.execute(_OF_PROMPT, (prompt, verdict, MOST))]


def _judged(kept: bytes) -> Judged:
    values = jsonio.decode(kept)
    judged = Judged(*values)
    return judged._replace(conversation=Conversation(*judged.conversation))
