"""How long and how much: the short benchmark and the full one. Environment variables change single values."""

import os
from dataclasses import dataclass, field


# As they are to be given again for the same measurement.
_changed = {}


def _given(name, default):
    if name in os.environ:
        _changed[name] = os.environ[name]
    return os.environ.get(name, default)


def _number(name, default):
    return int(_given(name, default))


def _numbers(name, default):
    return tuple(int(number) for number in _given(name, default).split())


@dataclass
class Plan:
    """What a question may spend."""

    full: bool
    command: str = field(init=False)
    rounds: int = field(init=False)
    round_seconds: int = field(init=False)
    clients: tuple = field(init=False)
    # Where one number of connections is enough for an answer.
    attestation_clients: tuple = field(init=False)
    size_duties: int = field(init=False)
    waiting_slots: int = field(init=False)
    burst_validators: int = field(init=False)
    committee_slots: int = field(init=False)
    memory_calls: int = field(init=False)
    history_rows: int = field(init=False)
    small_history_rows: int = field(init=False)
    cleanup_rows: int = field(init=False)
    cleanup_rounds: int = field(init=False)

    def __post_init__(self):
        full = self.full
        self.rounds = _number("ROUNDS", 5 if full else 3)
        self.round_seconds = _number("ROUND_SECONDS", 5 if full else 2)
        self.clients = _numbers("CLIENTS", "1 8 32")
        self.attestation_clients = _numbers("CLIENTS", "1 8 32" if full else "8")
        self.size_duties = _number("SIZE_DUTIES", 200_000 if full else 20_000)
        self.waiting_slots = _number("WAITING_SLOTS", 20 if full else 6)
        self.burst_validators = _number("BURST_VALIDATORS", 1_000_000)
        self.committee_slots = _number("COMMITTEE_SLOTS", 5_000 if full else 2_000)
        self.memory_calls = _number("MEMORY_CALLS", 1_000_000 if full else 20_000)
        self.history_rows = _number("HISTORY_ROWS", 30_000_000)
        self.small_history_rows = _number("SMALL_HISTORY_ROWS", 1_000_000)
        self.cleanup_rows = _number("CLEANUP_ROWS", 1_000_000)
        self.cleanup_rounds = _number("CLEANUP_ROUNDS", 10)
        # The server's, set by whoever started it.
        _given("SHARED_BUFFERS", None)
        changed = [f'{name}="{value}"' if " " in value else f"{name}={value}" for name, value in _changed.items()]
        self.command = " ".join(["make bench-full" if full else "make bench", *changed])
