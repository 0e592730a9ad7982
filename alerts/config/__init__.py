"""YAML → our values; every error at once, each with file:line:column.

::

    read(folder) ─▶ File ─▶ tree (places) ─▶ drafts (one file, its shape) ─▶ loading (all files) ─▶ Config | Problem
                                                                             └─▶ values (one entry)

``check`` tells what is wrong; ``load`` goes on without it: a faulty file is replaced by its last good version, and what
has none is left out, entry by entry.  One broken file never stops the others.  ``examine`` is ``check`` and says also
where each rule stands, for warnings and cases that fail.  pydantic is used here and nowhere else.
"""

from alerts.config.drafts import File
from alerts.config.loading import REQUIRED, Checked, Config, Loaded, check, examine, load, read
from alerts.config.places import Places
from alerts.config.shapes import schema
from alerts.config.values import ChannelSettings

__all__ = [
    "REQUIRED",
    "ChannelSettings",
    "Checked",
    "Config",
    "File",
    "Loaded",
    "Places",
    "check",
    "examine",
    "load",
    "read",
    "schema",
]
