"""Mail by SMTP: one message to one recipient, and a receipt that says what the server said."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from alerts import text
from alerts.adapters.email import Signer, to_email
from alerts.model import Blame, Delivery, Outcome, Receipt

LETTING_GO = 0.02
"""Seconds for the loop to close a TLS connection."""

TIMEOUT = timedelta(seconds=45)
"""The longest that one attempt takes, from the connection to the last answer; a channel may take 60 s."""

_NO_SERVER = "the URL of a mail server must look like smtp://user:password@host:587 or smtps://host"
_STARTTLS: dict[str, bool | None] = {"required": True, "auto": None, "off": False}
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@\x00-\x1f\x7f]+@[^\s<>,;:\"()\[\]\\@\x00-\x1f\x7f]+")
_NO_ADDRESS = "the recipient is not a mail address"
_ANY_ADDRESS = re.compile(r"\S*@\S*")
_REASON_LIMIT = 200
_NOT_THE_MESSAGE = (
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server is and how it is spoken to; the name and the password are kept out of ``repr``.

    ``tls`` is TLS from the first byte.  ``starttls`` is whether to ask for it: true, false, or ``None`` if offered.
    """

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """A mail server: ``smtp://user:password@host:port?starttls=required|auto|off``, or ``smtps://…``.

    STARTTLS is required unless the host is this machine.  A ``signer`` puts a DKIM signature on what is sent.
    Raises ``ValueError`` if the URL or the sender is not one.
    """

    url: str = field(repr=False)
    sender: str
    timeout: timedelta = TIMEOUT
    signer: Signer | None = None

    def __post_init__(self) -> None:
        parse(self.url)
        if not _ADDRESS.fullmatch(parseaddr(self.sender)[1]):
            raise ValueError('the sender of mail must be an address, as in "Tocsin <tocsin@example.org>"')

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Once the server has taken the message it is delivered, whatever happens then."""
        if not _ADDRESS.fullmatch(delivery.recipient):
            return Receipt(delivery.id, attempt, "refused", _NO_ADDRESS, now, blame="recipient")
        outcome, reason, blame = asyncio.run(self._attempt(delivery))
        return Receipt(delivery.id, attempt, outcome, _public(reason), now, blame=blame)

    async def _attempt(self, delivery: Delivery) -> tuple[Outcome, str, Blame]:
        """Speak to the server, and say what its answer means."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                return "delivered", await self._speak(delivery), ""
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _meaning(error)

    async def _speak(self, delivery: Delivery) -> str:
        """Connect, log in, send, and give the answer to DATA."""
        server = parse(self.url)
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.starttls,
            timeout=self.timeout.total_seconds(),
        )
        utf8 = not delivery.recipient.isascii()
        try:
            await client.connect()
            _, answer = await client.sendmail(
                parseaddr(self.sender)[1],
                [delivery.recipient],
                to_email(delivery, self.sender, self.signer),
                mail_options=["SMTPUTF8"] if utf8 else [],
            )
        finally:
            # No QUIT: its failure would say nothing about the message, and its time-out would hold the line.
            client.close()
            # TLS says farewell, or fails, over some turns of the loop; a loop that ends before leaks the connection.
            await asyncio.sleep(0 if server.starttls is False and not server.tls else LETTING_GO)
        return f"250 {answer}"


def parse(url: str) -> Server:
    """Read the URL of a mail server.  Raises ``ValueError`` with a message that holds no credential."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(_NO_SERVER) from None
    tls = parts.scheme == "smtps"
    if parts.scheme not in {"smtp", "smtps"} or not host:
        raise ValueError(_NO_SERVER)
    starttls = parse_qs(parts.query).get("starttls", ["off" if _is_here(host) else "required"])[-1]
    if starttls not in _STARTTLS:
        raise ValueError("starttls in the URL of a mail server must be required, auto or off")
    return Server(
        host=host,
        port=port or (465 if tls else 587),
        tls=tls,
        starttls=False if tls else _STARTTLS[starttls],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _is_here(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _meaning(error: Exception) -> tuple[Outcome, str, Blame]:
    """Say whether what went wrong is for good, why, and whose fault it is.

    What a server says against our greeting or our login says nothing about this message: it waits until the operator
    has set the channel right.  Else 5xx is for good (RFC 5321, 4.2.1): what is said of the recipient is the recipient's
    alone, unless it is the server's policy (5.7.x, RFC 3463), which would say it of others too.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        blame = _blame(error)
        lasting = error.code >= 500 and blame in ("recipient", "message")
        return "refused" if lasting else "deferred", f"{error.code} {error.message}", blame
    # A certificate that is not believed is a ValueError too, and that is no fault of the recipient's.
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return "refused", "the recipient's address cannot be written in SMTP", "recipient"
    return "deferred", _trouble(error), ""


def _blame(error: aiosmtplib.SMTPResponseException) -> Blame:
    """Say whose fault an answer is.  What says nothing of us or of the mail is the server's own trouble."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return "login" if error.code >= 500 else ""
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return "message" if error.message.startswith("5.7.") else "recipient"
    if isinstance(error, _NOT_THE_MESSAGE) or error.code < 500:
        return ""
    return "login" if isinstance(error, aiosmtplib.SMTPSenderRefused) or error.code == 530 else "message"


def _trouble(error: Exception) -> str:
    """Put a failure of the connection into words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS with the mail server failed: {error.reason or 'connection closed'}"
    return f"cannot speak to the mail server: {error}"


def _public(reason: str) -> str:
    """Make a server's words fit for a log: on one line, without addresses."""
    return text.cut(_ANY_ADDRESS.sub("(address)", text.one_line(reason)), _REASON_LIMIT)
