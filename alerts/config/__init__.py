"""YAML → our values; every error at once, each with file:line:column.

::

    read(folder) ─▶ File ─▶ tree (places) ─▶ drafts (one file, its shape) ─▶ loading (all files) ─▶ Config | Problem
                                                                             └─▶ values (one entry)

``check`` tells what is wrong; ``load`` goes on without it: a faulty file is replaced by its last good version, and what
has none is left out, entry by entry.  One broken file never stops the others.  pydantic is used here and nowhere else.
"""

from alerts.config.drafts import File
from alerts.config.loading import REQUIRED, Config, Loaded, check, load, read
from alerts.config.shapes import schema
from alerts.config.values import ChannelSettings

__all__ = ["REQUIRED", "ChannelSettings", "Config", "File", "Loaded", "check", "load", "read", "schema"]
