"""How a command ends: with its exit code, and a sentence on the terminal when something was in the way."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError
from pydantic_settings import SettingsError

from agentic.layers.base.errors import PlatformError
from agentic.platform.command_error import CommandError
from agentic.platform.embedded import DataFolderInUse, EmbeddedError
from agentic.platform.exit_codes import FAILED, IN_USE
from agentic.platform.screen import say_failure


def ending(work: Callable[[], int]) -> int:
    """The exit code of a command's work; what was foreseen to go wrong with it is said, without a traceback."""
    try:
        return work()
    except DataFolderInUse as error:
        say_failure(error, "Open that one, stop it, or run another with --data-dir and --port.")
        return IN_USE
    except CommandError as error:
        say_failure(error)
        return error.exit_code
    except (EmbeddedError, PlatformError) as error:
        say_failure(error)
        return FAILED
    except ValidationError as error:  # of settings: what a layer is asked never gets here
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_input=False)
        )
        say_failure(
            CommandError(f"The environment holds a setting that cannot be used. {error.title}: {wrong}.")
        )
        return FAILED
    except SettingsError as error:  # what should be JSON is none; the value is not in the message
        say_failure(CommandError(f"The environment holds a setting that cannot be read as JSON: {error}."))
        return FAILED
