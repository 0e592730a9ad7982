"""What is due to whom, and in which order.  Pure.

::

    slots (when a subscription reads) ─▶ choosing (what concerns it, and why not) ─▶ telling (in which order)
                                         silences (what nobody is told)      pacing (alerts that wait)

A digest is a slow reader of the same log that an alert reads at once: ``last_slot`` says when it reads, ``verdict``
what of it concerns the subscription, ``digest`` in which order it is told.  In which words is for
:mod:`alerts.summaries`.
"""

from alerts.digests import pacing, silences
from alerts.digests.choosing import has_flash, select, verdict, waits, wanted
from alerts.digests.slots import NAMES_OF_DAYS, check_cron, cron, last_slot, next_slot, quiet_until
from alerts.digests.telling import alert, digest, each, told

__all__ = [
    "NAMES_OF_DAYS",
    "alert",
    "check_cron",
    "cron",
    "digest",
    "each",
    "has_flash",
    "last_slot",
    "next_slot",
    "pacing",
    "quiet_until",
    "select",
    "silences",
    "told",
    "verdict",
    "waits",
    "wanted",
]
