"""The world: each module is named by what it speaks to, and keeps the promises of :mod:`alerts.ports`."""
