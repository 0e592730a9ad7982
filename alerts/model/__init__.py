"""The nouns, in the order the news travels.  Pure: values only, no behaviour beyond naming a part of themselves.

::

    Feed ─▶ Entry ─▶ Article ─▶ Match (Hits) ─▶ Development (of a Story) ─▶ Delivery (Alert or Digest) ─▶ Receipt

Times are aware UTC ``datetime``, named by the event: ``seen``, ``published``, ``made``, ``at``.  Where the news comes
from is in ``sources``, what is watched for and found in ``watching``, and what is told to whom in ``telling``.
"""

from __future__ import annotations

from alerts.model.sources import Fault as Fault
from alerts.model.sources import Feed as Feed
from alerts.model.sources import FeedRequest as FeedRequest
from alerts.model.sources import FeedState as FeedState
from alerts.model.sources import Fetched as Fetched
from alerts.model.sources import Health as Health
from alerts.model.sources import Hints as Hints
from alerts.model.sources import HubState as HubState
from alerts.model.sources import Identity as Identity
from alerts.model.sources import Lease as Lease
from alerts.model.sources import Moved as Moved
from alerts.model.telling import Alert as Alert
from alerts.model.telling import ChannelState as ChannelState
from alerts.model.telling import Cited as Cited
from alerts.model.telling import Delivery as Delivery
from alerts.model.telling import Digest as Digest
from alerts.model.telling import Group as Group
from alerts.model.telling import Lang as Lang
from alerts.model.telling import Lull as Lull
from alerts.model.telling import Measure as Measure
from alerts.model.telling import Message as Message
from alerts.model.telling import Moment as Moment
from alerts.model.telling import Notice as Notice
from alerts.model.telling import Pausable as Pausable
from alerts.model.telling import Paused as Paused
from alerts.model.telling import Pending as Pending
from alerts.model.telling import Quote as Quote
from alerts.model.telling import Receipt as Receipt
from alerts.model.telling import Report as Report
from alerts.model.telling import Score as Score
from alerts.model.telling import Section as Section
from alerts.model.telling import Silence as Silence
from alerts.model.telling import Source as Source
from alerts.model.telling import Subscription as Subscription
from alerts.model.telling import Summary as Summary
from alerts.model.telling import Told as Told
from alerts.model.telling import Waiting as Waiting
from alerts.model.telling import Way as Way
from alerts.model.watching import LEAD_WORDS as LEAD_WORDS
from alerts.model.watching import SEVERITIES as SEVERITIES
from alerts.model.watching import Article as Article
from alerts.model.watching import Blame as Blame
from alerts.model.watching import ChannelHealth as ChannelHealth
from alerts.model.watching import DeliveryState as DeliveryState
from alerts.model.watching import Development as Development
from alerts.model.watching import Entry as Entry
from alerts.model.watching import Evidence as Evidence
from alerts.model.watching import Expect as Expect
from alerts.model.watching import Field as Field
from alerts.model.watching import Hit as Hit
from alerts.model.watching import Hour as Hour
from alerts.model.watching import Kind as Kind
from alerts.model.watching import Match as Match
from alerts.model.watching import Member as Member
from alerts.model.watching import Outcome as Outcome
from alerts.model.watching import Rule as Rule
from alerts.model.watching import Severity as Severity
from alerts.model.watching import Spike as Spike
from alerts.model.watching import Story as Story
from alerts.model.watching import Strength as Strength
from alerts.model.watching import Volume as Volume
from alerts.model.watching import Watchlist as Watchlist
