"""What the line stands on: versions, the mail serialiser, the disk."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import alerts
from alerts.adapters.email import to_email
from alerts.app import Lookup, folder_of
from alerts.doctor.finding import Finding
from alerts.model import Delivery, Message

AIRFLOW = (3, 2, 2)
"""The first Airflow whose asset triggers and plugin routes do what the DAGs and the plugin count on."""

PACKAGES = ("sqlalchemy", "redis", "aiohttp", "pydantic", "lxml", "feedparser", "google-re2", "trafilatura")

LEAST_FREE = 1_000_000_000
"""Bytes that must be free on the disk: some weeks of news, and room for a SQLite file to be written anew."""

SQLITE = (3, 35, 0)
"""The first SQLite that has all that the store asks of it."""

_INJECTION = "=?utf-8?q?Hello=0D=0ABcc:_eve@example.org?="


def examine(lookup: Lookup) -> Iterator[Finding]:
    """Look at what is installed, and at the disk."""
    yield Finding("well", "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield from _packages()
    yield from _airflow()
    yield _sqlite()
    yield mail()
    yield _zones()
    yield _disk(lookup)


def _packages() -> Iterator[Finding]:
    found = {"tocsin": alerts.__version__} | {name: installed(name) for name in PACKAGES}
    lost = [name for name in PACKAGES if not found[name]]
    said = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    if lost:
        advice = "install the locked packages: pip install --require-hashes -r requirements.lock"
        yield Finding("wrong", "packages", f"{', '.join(lost)} not installed", advice)
    yield Finding("well", "packages", said)


def _airflow() -> Iterator[Finding]:
    found = installed("apache-airflow")
    if not found:
        yield Finding("well", "airflow", "not installed; `alerts run` needs none")
    elif numbers(found) < AIRFLOW:
        needed = ".".join(map(str, AIRFLOW))
        yield Finding("wrong", "airflow", f"{found} is too old for the DAGs", f"install {needed} or newer")
    else:
        yield Finding("well", "airflow", found)


def _sqlite() -> Finding:
    found = sqlite3.sqlite_version
    if numbers(found) < SQLITE:
        return Finding("wrong", "sqlite", f"{found} is too old", "take a newer Python build, or PostgreSQL")
    return Finding("well", "sqlite", found)


def mail() -> Finding:
    """Try whether a title can put a header into a mail: in Python's own serialiser, and in ours."""
    if _has_bcc(_ours()):
        advice = "stop the mail channels, and report it as a security problem"
        return Finding("wrong", "mail", "a title of a feed can put a header into a mail", advice)
    if _has_bcc(_pythons()):
        return Finding(
            "well", "mail", "this Python lets a title inject a header; Tocsin cleans its mails itself: tried"
        )
    return Finding("well", "mail", "no title can inject a header: tried")


def _ours() -> bytes:
    now = datetime(2000, 1, 1, tzinfo=UTC)
    message = Message("mail", _INJECTION, "text")
    return to_email(Delivery("doctor", "doctor", "mail", "anna@example.org", message, now), "Tocsin <t@example.org>")


def _pythons() -> bytes:
    made = EmailMessage(policy=SMTP)
    made["Subject"] = _INJECTION
    made.set_content("text")
    return made.as_bytes()


def _has_bcc(written: bytes) -> bool:
    return message_from_bytes(written)["Bcc"] is not None


def _zones() -> Finding:
    try:
        ZoneInfo("Asia/Seoul")
    except ZoneInfoNotFoundError:
        return Finding(
            "wrong", "zones", "no time zones are known", "install the system's tzdata, or the package tzdata"
        )
    return Finding("well", "zones", "known")


def _disk(lookup: Lookup) -> Finding:
    usage = shutil.disk_usage(folder_of(lookup))
    said = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free where ALERTS_VAR is"
    if usage.free < LEAST_FREE:
        return Finding("wrong", "disk", said, "make room, or move ALERTS_VAR; `alerts housekeep --vacuum` may help")
    return Finding("well", "disk", said)


def installed(package: str) -> str:
    """Give the version of a package, or an empty text."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def numbers(written: str) -> tuple[int, ...]:
    """Give the numbers of a version, to compare.

    >>> numbers("3.2.2") < numbers("3.10.0rc1"), numbers("3.10.0rc1")
    (True, (3, 10, 0))
    """
    leading = (part[: len(part) - len(part.lstrip("0123456789"))] for part in written.split("."))
    return tuple(int(part) for part in leading if part)
