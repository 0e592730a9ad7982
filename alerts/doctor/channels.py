"""How each channel does, as the last deliveries have left it, and what to do about one that is not well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alerts import channels as channels_
from alerts import pauses
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.app import Lookup, open_sql
from alerts.doctor.finding import Finding, State
from alerts.errors import StoreError
from alerts.model import ChannelHealth, ChannelState, Paused

_STATES: Mapping[ChannelHealth, State] = {"failing": "look", "paused": "wrong", "disabled": "wrong"}

_ADVICE: Mapping[ChannelHealth, str] = {
    "failing": "nothing, if it passes: it is tried again by itself, and what waits is sent then",
    "paused": "mend its login or its settings; it is tried again by itself, or at once: alerts deliveries resume {}",
    "disabled": "put its new address into its setting, then say: alerts deliveries resume {}",
}


def examine(lookup: Lookup) -> Iterator[Finding]:
    """Name the channels that are not well; a store that cannot be opened is said elsewhere."""
    try:
        with open_sql(lookup) as engine:
            states = sql.SqlTable(engine, "channels", ChannelState).values()
            waiting = queries.waiting(engine)
            paused = sql.SqlTable(engine, "paused", Paused).values()
    except StoreError:
        return
    for kept in paused:
        if kept.resumed is None:
            yield Finding("look", f"{kept.what} {kept.name}", pauses.said(kept), "resume it at the desk, if it is over")
    for state in states:
        if state.health != "healthy":
            yield _finding(state, waiting.get(state.channel, 0))


def _finding(state: ChannelState, waiting: int) -> Finding:
    since = f" since {state.since:%Y-%m-%d %H:%M} UTC" if state.since else ""
    said = f"{state.health}{since}: {channels_.reason(state)}; {waiting} waiting"
    return Finding(_STATES[state.health], f"channel {state.channel}", said, _ADVICE[state.health].format(state.channel))
