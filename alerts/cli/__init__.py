"""The command line: ``alerts run``, ``check``, ``match``, ``explain`` and more; ``alerts --help`` has them all."""

from __future__ import annotations

import os
import sys

# Each adds its commands, in the order in which --help lists them.
# isort: off
from alerts.cli import running, ruling, routing, feeding, sending, looking, keeping, readers, serving  # noqa: F401

# isort: on
from alerts.adapters import logs
from alerts.cli.shell import cli, duration, err, problems
from alerts.errors import AlertsError, ConfigError

__all__ = ["cli", "duration", "main"]


def main() -> None:
    """Run the command; what is wrong is said in plain words, and a mistake in the configuration ends with code 2.

    What a stage has to say is in its report, which is printed; whoever wants logs sets them.
    """
    try:
        logs.configure(os.environ.get)
        cli()
    except ConfigError as error:
        problems(error.problems)
        sys.exit(2)
    except AlertsError as error:
        err.print(f"alerts: {error}", style="red")
        sys.exit(1)
