"""A delivery as a mail: the bytes that go to the server, always the same for the same delivery.

Headers are hostile ground: Python 3.11 writes a line break that hides in an RFC 2047 encoded word as a line break, and
with it a second header.  So every feed text loses its control characters and its encoded words before it gets to a
header, and the header is then encoded by the old, literal ``email.header``, which never decodes what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from hashlib import sha256
from io import BytesIO

from alerts import text
from alerts.model import Delivery

Signer = Callable[[bytes, datetime], bytes]
"""Gives the mail with a signature on top, as of a time."""

UNSUBSCRIBE_LIMIT = 900
"""The longest address for a one-click unsubscribe: a line of a header takes 998 octets, and must not be folded here."""

_ENCODED_WORD = re.compile(r"=(?=\?)|\?(?==)")
_WORD_LIMIT = 60
_UNSUBSCRIBE = re.compile(r"https://[!#-;=?-~]+")


def to_email(delivery: Delivery, sender: str, sign: Signer | None = None) -> bytes:
    """Write the delivery as a mail: always the same bytes, so that a retry is the same mail."""
    mark = _mark(delivery.id)
    domain = domain_of(sender)
    mail = MIMEMultipart("alternative", boundary=f"=_{mark}")
    mail["From"] = _address(sender)
    mail["To"] = _address(delivery.recipient)
    mail["Subject"] = _header(delivery.message.subject, "Subject")
    mail["Date"] = format_datetime(delivery.made.astimezone(UTC))
    # The domain is the sender's: two installations with a subscription of one name must not send one Message-ID.
    mail["Message-ID"] = f"<{mark}@{domain}>"
    for name, value in (*_thread(delivery, domain), *_unsubscribe(delivery.unsubscribe)):
        mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = f"<{re.sub('[^A-Za-z0-9-]', '-', delivery.subscription) or 'tocsin'}.tocsin.{domain}>"
    mail.attach(_part(delivery.message.text, "plain"))
    if delivery.message.html:
        mail.attach(_part(delivery.message.html, "html"))
    written = _bytes(mail)
    return sign(written, delivery.made) if sign else written


def _mark(words: str) -> str:
    """Make a short name of any text, that nobody can read backwards."""
    return sha256(words.encode("utf-8", "replace")).hexdigest()[:32]


def _thread(delivery: Delivery, domain: str) -> list[tuple[str, str]]:
    """Put what is told of one story under one root, which was never sent.

    A mail program joins mails that answer the same one, whether it has that one or not; so the first to arrive is as
    good as any other, and none need be looked up.  A digest tells of many stories and answers nothing.
    """
    if not delivery.thread:
        return []
    root = f"<{_mark(f'{delivery.subscription} {delivery.thread}')}@{domain}>"
    return [("In-Reply-To", root), ("References", root)]


def _unsubscribe(url: str) -> list[tuple[str, str]]:
    """Offer the one-click unsubscribe of RFC 8058, if there is an https address for it that fits a header."""
    if not _UNSUBSCRIBE.fullmatch(url) or len(url) > UNSUBSCRIBE_LIMIT:
        return []
    return [("List-Unsubscribe", f"<{url}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]


def _bytes(mail: MIMEMultipart) -> bytes:
    """Write the lines as SMTP wants them; nothing is folded here, for a folded address is misread by some."""
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=compat32.clone(linesep="\r\n", max_line_length=0)).flatten(mail)
    return out.getvalue()


def _part(words: str, subtype: str) -> MIMEText:
    """Make one part: quoted-printable where most is ASCII and can be read in the source, else base64."""
    sound = words.encode("utf-8", "replace").decode()
    charset = Charset("utf-8")
    charset.body_encoding = QP if sum(map(str.isascii, sound)) > len(sound) * 0.8 else charset.body_encoding
    return MIMEText(sound, subtype, charset)  # type: ignore[arg-type]


def clean(words: str) -> str:
    r"""Make feed text harmless in a header: on one line, and without the marks of an encoded word.

    >>> clean("a\r\nBcc: eve@example.org =?utf-8?q?x=0D=0ABcc:?=")
    'a Bcc: eve@example.org = ?utf-8?q?x=0D=0ABcc:? ='
    """
    sound = words.encode("utf-8", "replace").decode()
    return _ENCODED_WORD.sub(lambda m: m.group() + " ", text.one_line(sound))


def _header(words: str, name: str) -> str:
    """Encode a header: as it is if it is ASCII and can be folded, else in encoded words of at most 75 octets."""
    tidy = clean(words)
    charset = "us-ascii" if tidy.isascii() and max(map(len, tidy.split()), default=0) < _WORD_LIMIT else "utf-8"
    return Header(tidy, charset, header_name=name, maxlinelen=76).encode()


def _address(words: str) -> str:
    """Write an address with its name encoded; the address itself has been checked."""
    name, address = parseaddr(words)
    return formataddr((clean(name), address)) if address.isascii() else address


def domain_of(sender: str) -> str:
    """Give the domain of the sender, if it is one in ASCII."""
    domain = parseaddr(sender)[1].rpartition("@")[2].lower()
    return domain if re.fullmatch(r"[a-z0-9.-]+", domain) else "tocsin.invalid"
