"""Medians, percentiles, and how figures are written."""

from statistics import median

from server import Failed

__all__ = ["clients_text", "count", "decimals", "harmonic", "median", "percentile"]


def percentile(ascending, part):
    """The value that `part` (0 to 1) of them do not exceed."""
    if not ascending:
        raise Failed("a percentile of nothing")
    return ascending[min(len(ascending) - 1, int(len(ascending) * part))]


def harmonic(*rates):
    """The rate of doing one of each in turn."""
    return 1 / sum(1 / rate for rate in rates)


def count(number):
    return f"{number:,.0f}"


def decimals(number, places=2):
    return f"{number:.{places}f}"


def clients_text(number):
    return f"{number} client{'s' if number > 1 else ''}"
