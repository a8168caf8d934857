"""Judged runs become files: page by page, each example in the file of its conversation's side, none twice, no secret in any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from agentic.layers.base import jsonio
from agentic.layers.base.redaction import Redaction
from agentic.layers.L01_data_layer.models.feedback import JudgedRun
from agentic.layers.L07_learning import examples
from agentic.layers.L07_learning.conversations import Conversation, conversation_of
from agentic.layers.L07_learning.examples import Example, Judged, Skipped
from agentic.layers.L07_learning.files import Writer, write_card, writer
from agentic.layers.L07_learning.models import ExportAsk, ExportResult
from agentic.layers.L07_learning.splitting import is_test
from agentic.layers.L07_learning.verdicts import verdict
from agentic.layers.L07_learning.workspace import Workspace

OF_ONE_RUN: Final = {"sft": examples.sft, "kto": examples.kto, "dpo": examples.dpo_corrections}
SCRATCH: Final = "scratch.db"


class Making:
    """The files of one export, as they are written into a folder. The same judged runs give the same files."""

    def __init__(self, ask: ExportAsk, folder: Path) -> None:
        self._ask = ask
        self._folder = folder
        self._redaction = Redaction()
        self._workspace = Workspace(folder / SCRATCH)
        splits = {"train": ask.test < 1, "test": ask.test > 0}
        self._writers: dict[str, Writer] = {
            split: writer(ask.kind, ask.file_format, folder, split) for split, some in splits.items() if some
        }
        self._skipped: Counter[str] = Counter()
        self._judged_runs = self._duplicates = self._redacted = 0

    def take(self, judged_runs: Sequence[JudgedRun], tools: Mapping[str, str]) -> None:
        """The next judged runs; `tools` are those of each run, by its id."""
        make = OF_ONE_RUN[self._ask.kind]
        for each in judged_runs:
            judged = self._judged(each, tools[each["run"]["id"]])
            self._judged_runs += 1
            self._write(judged, make(judged))
            if self._ask.kind == "dpo" and judged.conversation.is_answered:
                self._workspace.keep(judged)

    def finish(self, folder: str) -> ExportResult:
        """Writes what only all runs together give, and ends the files. `folder` is where they will be."""
        if self._ask.kind == "dpo":
            for better, worse, feedback in self._workspace.pairs():
                self._write(better, [examples.dpo_pair(better, worse, feedback)])
        files = [each.close() for each in self._writers.values()]
        self._workspace.close()
        (self._folder / SCRATCH).unlink()
        result: ExportResult = {
            "folder": folder,
            "files": files,
            "examples": sum(each["examples"] for each in files),
            "duplicates": self._duplicates,
            "redacted": self._redacted,
            "judged_runs": self._judged_runs,
            "skipped": dict(sorted(self._skipped.items())),
        }
        named = {
            split: each["name"] for split, each in zip(self._writers, files, strict=True) if each["examples"]
        }
        write_card(self._folder, self._ask.kind, named, self._told(result))
        return result

    def abandon(self) -> None:
        """Lets go of the files, which are not whole."""
        self._workspace.close()
        for each in self._writers.values():
            each.abandon()

    def _judged(self, judged: JudgedRun, tools: str) -> Judged:
        said = verdict(judged["feedback"], evaluators=self._ask.evaluators)
        conversation = conversation_of(judged)
        clean = self._without_secrets(judged, conversation)
        return Judged.of(clean, conversation if clean is judged else conversation_of(clean), tools, said)

    def _without_secrets(self, judged: JudgedRun, conversation: Conversation) -> JudgedRun:
        """The run itself, when there is none: one look at all of its text is enough to know."""
        text = "\n".join(_texts(conversation, judged))
        if self._redaction.text(text) == text:
            return judged
        self._redacted += 1
        return self._redaction.value(judged)

    def _write(self, judged: Judged, made: Iterable[Example | Skipped]) -> None:
        for each in made:
            if isinstance(each, Skipped):
                self._skipped[each.reason] += 1
            elif not self._workspace.is_new(each):
                self._duplicates += 1
            else:
                test = is_test(judged.conversation.opening, self._ask.test, self._ask.seed)
                self._writers["test" if test else "train"].write(each)

    def _told(self, result: ExportResult) -> str:
        kind, runs = self._ask.kind.upper(), result["judged_runs"]
        return (
            f"{result['examples']} examples for {kind}, made of {runs} judged runs. {result['duplicates']} were there already; "
            f"secrets were taken out of {result['redacted']} runs. `tools` and the arguments of calls are JSON text; "
            "`lineage` says which runs and whose feedback an example is from."
        )


def _texts(conversation: Conversation, judged: JudgedRun) -> Iterator[str]:
    for message in conversation.messages:
        if message["content"]:
            yield message["content"]
        for call in message["tool_calls"] or ():
            yield call["function"]["arguments"]
    for each in judged["feedback"]:
        if isinstance(each["correction"], str):
            yield each["correction"]
        elif each["correction"] is not None:
            yield jsonio.encode(each["correction"]).decode()
