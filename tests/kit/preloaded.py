"""Imports what commands import: for the one process that all others are forked from (`nursery.py`)."""

import gc
import importlib
import os
import pkgutil

# What is made once, at import, is made for a person who gives commands as the tests do.
os.environ |= {"COLUMNS": "200", "NO_COLOR": "1"}

import agentic.cli  # noqa: E402, F401
import agentic.platform.commands as commands  # noqa: E402
from agentic.platform.catalogue import CATALOGUE, layer_class  # noqa: E402

for _module in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
    importlib.import_module(_module.name)
for _layer in CATALOGUE:
    layer_class(_layer)
for _name in ("alembic.command", "sqlalchemy.ext.asyncio", "uvloop", "uvicorn.protocols.http.httptools_impl"):
    importlib.import_module(_name)
gc.freeze()
