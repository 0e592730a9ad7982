"""Secrets that the product makes for itself, kept in its own folder and readable by its user only."""

from __future__ import annotations

import base64
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def webhook_secret(var: Path) -> str:
    """Give the webhook signing secret of this installation: made once, kept in ``webhook.secret`` (mode 600).

    The file is linked into its place when it is whole, so that of two processes that start at once both read the same.
    """
    path = var / "webhook.secret"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=var) as file:
            file.write("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
            file.flush()
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text().strip()
