"""Reading, writing and listing the files of the agent's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentic.layers.L03_tool_execution.builtin.folder import AgentFolder
from agentic.layers.L03_tool_execution.errors import PathError, ToolRefusedError
from agentic.layers.L03_tool_execution.functions import from_function
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.tool import Rules, Tool, ToolContext


class Files:
    """The three tools, over one folder for all agents."""

    def __init__(self, root: Path | None, settings: L03Settings) -> None:
        self._root = root
        self._settings = settings

    def tools(self) -> list[Tool]:
        """They are idempotent: a file written twice with the same content is as if it were written once."""
        rules = Rules(idempotent=True, timeout=30)
        return [
            from_function(function, rules=rules)
            for function in (self.read_file, self.write_file, self.list_files)
        ]

    def read_file(self, path: str, context: ToolContext) -> str:
        """Reads a text file of your own folder.

        Args:
            path: Below your folder, such as notes/today.md.
            context: Who asks.
        """
        try:
            return self._folder(context).read(path).decode()
        except UnicodeDecodeError:
            raise ToolRefusedError(f"{path} is no text file.") from None

    def write_file(self, path: str, content: str, context: ToolContext) -> dict[str, Any]:
        """Writes a text file of your own folder; one that is there already is replaced.

        Args:
            path: Below your folder, such as notes/today.md. Folders are made as needed.
            content: The whole content of the file.
            context: Who asks.
        """
        data = content.encode(errors="replace")
        new = self._folder(context).write(path, data)
        return {"path": path, "bytes": len(data), "new": new}

    def list_files(self, context: ToolContext, path: str = "") -> list[dict[str, Any]]:
        """Lists a folder below your own folder: names, kinds and sizes.

        Args:
            context: Who asks.
            path: The folder; nothing for your own.
        """
        return self._folder(context).list(path)

    def _folder(self, context: ToolContext) -> AgentFolder:
        if self._root is None:
            raise ToolRefusedError("This process has no folder for files: set PLATFORM_L03_FILES_DIR.")
        if context.agent_id is None:
            raise PathError("Only an agent has a folder, and no agent called this.")
        settings = self._settings
        return AgentFolder(
            self._root, context.agent_id, max_file=settings.max_file, max_folder=settings.max_folder
        )
