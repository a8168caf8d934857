"""`platform errors`, and `docs/errors.md`, which is written by this module and nobody else.

`python -m agentic.platform.commands.errors > docs/errors.md`
"""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.base.error_catalogue import by_layer, catalogue
from agentic.layers.base.errors import PlatformError
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.screen import say_failure

_PREFACE: Final = """\
<!-- Written by `make docs` from the classes in each layer's errors.py: change those. -->

# Error codes

Every error is answered as [problem+json](https://www.rfc-editor.org/rfc/rfc9457) with the member `code`, and the
clients of the layers raise the class that stands beside it, whether the layer is called or asked over HTTP. There is one
code for each way in which a caller reacts. `platform errors CODE` explains one in the terminal; a
platform that runs shows all of them at `/errors`, where the `type` of a problem leads.
"""


def errors(code: str | None) -> int:
    """Prints the catalogue, or one code of it; answers the exit code."""
    if code is None:
        _print_all()
        return OK
    wanted = code.upper()
    error = next((error for error in catalogue() if error.code == wanted), None)
    if error is None:
        say_failure(
            LookupError(f"There is no error {wanted!r}."), "`platform errors` lists those that there are."
        )
        return FAILED
    _print_one(error)
    return OK


def as_markdown() -> str:
    """The whole of `docs/errors.md`."""
    parts = [_PREFACE]
    for title, found in by_layer():
        parts.append(f"## {title}\n")
        parts.extend(_section(error) for error in found)
    return "\n".join(parts)


def _section(error: type[PlatformError]) -> str:
    anchor = f'<a id="{error.code.lower()}"></a>'
    facts = f"HTTP {error.status} · `{error.__name__}` in `{error.__module__}`"
    return f"{anchor}\n\n### {error.code} {error.title}\n\n{error.default_detail()}\n\n{facts}\n"


def _print_all() -> None:
    console = Console(highlight=False)
    for title, found in by_layer():
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=6)
        table.add_column(width=3, style="dim")
        table.add_column(min_width=22, no_wrap=True)
        table.add_column(style="dim")
        for error in found:
            table.add_row(error.code, str(error.status), escape(error.title), escape(error.default_detail()))
        console.print(f"[bold]{title}[/bold]")
        console.print(table)
    console.print("\n`platform errors CODE` shows one.", style="dim")


def _print_one(error: type[PlatformError]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{error.code}  {escape(error.title)}[/bold]    HTTP {error.status}")
    console.print(escape(error.default_detail()))
    console.print(f"[dim]In Python: {error.__module__}.{error.__name__}[/dim]", soft_wrap=True)


if __name__ == "__main__":
    print(as_markdown(), end="")
