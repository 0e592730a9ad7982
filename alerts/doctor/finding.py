"""What the doctor found about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["well", "look", "wrong"]
"""``look`` is what may be meant so; ``wrong`` is what loses, stops or betrays something."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: how it is, in words, and what to do about it if it is not well."""

    state: State
    part: str
    said: str
    advice: str = ""
