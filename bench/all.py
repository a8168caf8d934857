"""Runs every benchmark, one after another in a process of its own, and writes what they print to RESULTS.md."""

import argparse
import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.kit.machine import machine_facts

BENCHMARKS = (
    "raw",
    "agents_http",
    "events_in_process",
    "feed_latency",
    "million",
    "pages",
    "dashboard",
    "lighthouse",
    "runs",
    "plans",
    "gateway",
    "evaluation_statistics",
    "webhooks",
    "export",
    "startup",
)
RESULTS = Path(__file__).parent / "RESULTS.md"


def _commit() -> str:
    """The commit that was measured, with a `+` when the tree held more than it."""
    folder = RESULTS.parent.parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        ).stdout

    changed = git("status", "--porcelain", "--", "agentic", "bench/*.py")
    return git("rev-parse", "--short", "HEAD").strip() + ("+" if changed else "")


def _printed(name: str) -> str:
    """What a benchmark prints; of one that fails, the end of why."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else f"FAILED\n{done.stderr.strip()[-1500:]}"


def _section(name: str, printed: str) -> str:
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at commit {_commit()}."
    return f"## {name}\n\n`python -m bench.{name}`. {measured}\n\n```\n{printed}\n```\n"


def _kept() -> dict[str, str]:
    """The sections of the file as it is, by name."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    parts = text.split("\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=BENCHMARKS, help="only these; the others' results stay")
    names = parser.parse_args().names
    facts = asyncio.run(machine_facts())
    head = [
        "# Results\n",
        "Written by `python -m bench.all`; `README.md` says what each figure and yardstick is.\n",
        "\n".join(f"- {what}: {fact}" for what, fact in facts.items()) + "\n",
    ]
    sections = _kept()
    for name in names:
        print(f"bench.{name} …", flush=True)
        sections[name] = _section(name, _printed(name))
        print(sections[name], flush=True)
        there = [sections[each] for each in BENCHMARKS if each in sections]
        RESULTS.write_text("\n".join([*head, *there]), encoding="utf-8")


if __name__ == "__main__":
    main()
