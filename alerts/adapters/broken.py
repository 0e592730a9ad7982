"""A channel whose settings cannot be used.  It holds what it is given, and says what to mend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.model import Delivery, Receipt


@dataclass(frozen=True, slots=True)
class BrokenChannel:
    """Stands in for a channel with a wrong URL or secret, so that the others go on."""

    reason: str

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Defer: the delivery goes out once the setting is mended."""
        return Receipt(delivery.id, attempt, "deferred", self.reason, now, blame="login")
