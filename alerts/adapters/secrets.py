"""Secrets that the product makes for itself, kept in its own folder and readable by its user only."""

from __future__ import annotations

import base64
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def webhook_secret(var: Path) -> str:
    """Give the webhook signing secret of this installation: made once, kept in ``webhook.secret`` (mode 600)."""
    return _kept(var, "webhook.secret")


def websub_key(var: Path) -> str:
    """Give what the secrets that hubs are told are made of: made once, kept in ``websub.secret`` (mode 600)."""
    return _kept(var, "websub.secret")


def desk_secret(var: Path) -> str:
    """Give what the desk signs its links and sessions with: made once, kept in ``desk.secret`` (mode 600)."""
    return _kept(var, "desk.secret")


def _kept(var: Path, name: str) -> str:
    """Make a secret once.

    The file is linked into its place when it is whole, so that of two processes that start at once both read the same.
    """
    path = var / name
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=var) as file:
            file.write("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
            file.flush()
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text().strip()
