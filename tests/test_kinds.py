"""Adding a kind of channel: `Kind` is the line, and the tables that follow from it are complete."""

from typing import get_args

import pytest

from alerts import render
from alerts.app import ways
from alerts.config import values
from alerts.model import Kind
from alerts.render import notices
from tests import newsroom

KINDS = get_args(Kind)


@pytest.mark.parametrize(
    "table",
    [render._ALERTS, render._DIGESTS, notices._BODIES, ways._OPEN, values._CONNECTIONS],
    ids=["alerts", "digests", "notices", "open", "connections"],
)
def test_every_kind_is_in_every_table_and_no_other_is(table: dict[Kind, object]) -> None:
    assert set(table) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_writes_an_alert_and_a_digest(kind: Kind) -> None:
    for message in (render.alert(newsroom.alert(kind)), render.digest(newsroom.digest(kind))):
        assert (message.kind, bool(message.subject)) == (kind, True)
        assert message.text
