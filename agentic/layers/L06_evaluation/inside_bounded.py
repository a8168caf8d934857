"""The child of `bounded.py`: a question a line, an answer a line. It imports nothing of the platform, so that it is there at once."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

MOST_PROBLEMS = 20
LONGEST = 300


def answer(question: dict[str, Any]) -> bool | list[str]:
    """Whether the pattern is in the text, or what is wrong with the value."""
    if "pattern" in question:
        return re.search(question["pattern"], question["text"], question["flags"]) is not None
    return _problems(question["schema"], question["value"])


def _problems(schema: Any, value: Any) -> list[str]:
    make: Any = Draft202012Validator
    nothing: Any = Registry  # a reference to an address is not fetched
    found: list[str] = []
    try:
        for error in make(schema, registry=nothing()).iter_errors(value):
            path = "/".join(map(str, error.absolute_path))
            found.append(f"{path}: {error.message}"[:LONGEST] if path else error.message[:LONGEST])
            if len(found) >= MOST_PROBLEMS:
                break
    except Unresolvable as error:
        return [f"the schema refers to {error.ref!r}, which it does not hold"]
    except RecursionError:
        return ["nested too deeply"]
    return found


def main() -> None:
    """Answers until there are no more questions."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
