"""Tokens that carry a name, a purpose and an end, and that nobody can make but us.  Pure.

::

    16 bytes of a name │ 5 bytes of the second at which it ends │ 18 bytes of HMAC-SHA256 over purpose, name and end

All have 52 letters, whatever they name: a token's length tells nothing.  39 bytes are whole groups of base64, so that
one token has one spelling.  A token of one purpose is none of another, because the purpose is under the signature.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

Purpose = Literal["session", "confirm", "manage", "unsubscribe", "feed", "read"]

LENGTH = 52
"""The letters of a token."""

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a token that is ended in another way."""

_NAME, _END = 16, 5


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads tokens with the secret of this installation."""

    secret: str = field(repr=False)

    def sign(self, purpose: Purpose, name: str, until: datetime) -> str:
        """Make a token; ``name`` is 32 hex digits, as ``mark`` gives them."""
        said = bytes.fromhex(name) + int(until.timestamp()).to_bytes(_END)
        return urlsafe_b64encode(said + self._mac(purpose, said)).decode()

    def read(self, purpose: Purpose, token: str, now: datetime) -> str | None:
        """Give the name in a token; ``None`` if it is not ours, not for this, or over."""
        if len(token) != LENGTH or not token.isascii():
            return None
        try:
            whole = urlsafe_b64decode(token)
        except (Error, ValueError):
            return None
        said, mac = whole[: _NAME + _END], whole[_NAME + _END :]
        if not hmac.compare_digest(mac, self._mac(purpose, said)):
            return None
        return said[:_NAME].hex() if int.from_bytes(said[_NAME:]) > now.timestamp() else None

    def mark(self, *parts: str) -> str:
        """Give 32 hex digits that stand for the parts, and from which nobody without the secret can tell them."""
        return hmac.new(self.secret.encode(), _joined("mark", *parts), sha256).hexdigest()[: 2 * _NAME]

    def _mac(self, purpose: str, said: bytes) -> bytes:
        return hmac.digest(self.secret.encode(), _joined("token", purpose) + said, "sha256")[
            : 52 * 3 // 4 - _NAME - _END
        ]


def _joined(*parts: str) -> bytes:
    """Join parts so that no other parts give the same: each after its length."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)
