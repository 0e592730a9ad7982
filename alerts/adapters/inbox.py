"""The local inbox: what a channel would send, written to files.  For the first run, for previews, and for tests."""

from __future__ import annotations

import glob
import json
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from alerts.adapters import email, webhook
from alerts.model import Delivery, Kind, Receipt

WRITTEN = "written to the inbox as"
"""How a receipt of the inbox begins."""

_NAME_LIMIT = 150
"""Characters of a file name; a file system takes 255 bytes, and there is an ending."""


@dataclass(frozen=True, slots=True)
class InboxChannel:
    """Stands in for a channel of a kind.  Files are named by the delivery's id: writing twice is writing once."""

    folder: Path
    kind: Kind
    sender: str = field(kw_only=True)
    secret: str = field(kw_only=True, repr=False)

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Write the files.  A disk that is full is a reason to try again."""
        name = file_name(delivery.id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for ending, content in self._files(delivery):
                _write(self.folder / f"{name}{ending}", content)
        except OSError as error:
            return Receipt(delivery.id, attempt, "deferred", f"cannot write to the inbox: {error.strerror}", now)
        return Receipt(delivery.id, attempt, "delivered", f"{WRITTEN} {name}", now)

    def written(self, delivery: str) -> tuple[Path, ...]:
        """Give the files of a delivery, by its id."""
        return tuple(sorted(self.folder.glob(f"{glob.escape(file_name(delivery))}.*")))

    def _files(self, delivery: Delivery) -> list[tuple[str, bytes]]:
        """Give the ending and the content of each file.

        The call of a webhook is signed with the time at which it was made, not at which it is written, for it to be the
        same each time.
        """
        message = delivery.message
        if self.kind == "slack":
            return [(".slack.json", _json(json.loads(message.body)))]
        if self.kind == "webhook":
            headers, body = webhook.to_request(delivery, self.secret, delivery.made)
            call = {"method": "POST", "url": None, "headers": headers, "body": body.decode()}
            return [(".webhook.json", _json(call))]
        if self.kind == "mail":
            return [
                (".eml", email.to_email(delivery, self.sender)),
                (".html", message.html.encode("utf-8", "replace")),
                (".txt", message.text.encode("utf-8", "replace")),
            ]
        return [(".txt", f"{message.subject}\n\n{message.text}\n".encode("utf-8", "replace"))]


def forget(folder: Path, before: datetime) -> int:
    """Delete the files that were written before then; gives their number.  Another may delete them at the same time."""
    old = [path for path in folder.glob("*") if path.is_file() and path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def file_name(delivery: str) -> str:
    """Make a file name of a delivery's id, without an ending.

    >>> file_name("digest:anna:20260701T0730:1a2b3c4d")
    'digest_anna_20260701T0730_1a2b3c4d'
    """
    name = re.sub(r"[^A-Za-z0-9@.-]", "_", delivery).lstrip(".") or "_"
    return name if len(name) <= _NAME_LIMIT else f"{name[:_NAME_LIMIT]}_{sha256(delivery.encode()).hexdigest()[:16]}"


def _json(value: object) -> bytes:
    """Write JSON for people to read."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Write all of it or nothing: a reader never sees half a file.  Two writers write the same."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_bytes(content)
    draft.replace(path)
