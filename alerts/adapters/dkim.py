"""DKIM: what says that a mail is from the domain of its sender, and that nobody changed it on its way.

The setting is ``ALERTS_SMTP_DKIM``, or that of the channel's own connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from alerts.adapters.email import Signer

SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "List-Id",
    "MIME-Version",
    "Content-Type",
)
"""What the signature covers.  RFC 8058 asks for the two of unsubscribing: mail programs show no button without."""

TWICE = ("From", "To", "Subject", "Date", "List-Unsubscribe", "List-Unsubscribe-Post")
"""Named once more than they are there, so that nobody can add a second."""

_FORM = "the setting for DKIM must be a selector and the path of a private key, as in tocsin:/etc/tocsin/dkim.pem"


def signer(setting: str, domain: str) -> Signer:
    """Make what signs for the domain.

    Raises:
        ValueError: The setting is no ``selector:path``, the key cannot be read, or the package is not installed.
    """
    selector, _, path = setting.partition(":")
    if not selector or not path or not selector.replace("-", "").replace(".", "").isalnum():
        raise ValueError(_FORM)
    library = _library()
    try:
        key = Path(path).read_bytes()
        library.crypto.parse_pem_private_key(key)
    except OSError as error:
        raise ValueError(f"the private key for DKIM cannot be read: {error.strerror}") from None
    except library.crypto.UnparsableKeyError:
        raise ValueError("the private key for DKIM is no RSA key in PEM") from None

    def sign(mail: bytes, at: datetime) -> bytes:
        dated = _dated(library, mail, at)
        line: bytes = dated.sign(
            selector.encode(), domain.encode(), key, canonicalize=(b"relaxed", b"relaxed"), include_headers=_names()
        )
        return line + mail

    return sign


def _library() -> Any:
    """Give dkimpy, which only those need who sign."""
    try:
        return import_module("dkim")
    except ImportError:
        raise ValueError("a DKIM signature needs a package more: pip install 'tocsin[dkim]'") from None


def _dated(library: Any, mail: bytes, at: datetime) -> Any:
    """Give a signer that writes the time of the mail, not that of the attempt: a retry must be the same bytes."""
    moment = str(int(at.astimezone(UTC).timestamp())).encode()

    class Dated(library.DKIM):  # type: ignore[misc]
        def gen_header(self, fields: Sequence[tuple[bytes, bytes]], *rest: Any, **named: Any) -> Any:
            fixed = [(name, moment if name == b"t" else value) for name, value in fields]
            return super().gen_header(fixed, *rest, **named)

    return Dated(mail, linesep=b"\r\n")


def _names() -> list[bytes]:
    """Name the headers as the library wants them."""
    return [name.lower().encode() for name in (*SIGNED, *TWICE)]
