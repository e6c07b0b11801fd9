"""What a question answers: tables, charts, targets, and all figures for programs."""

from dataclasses import dataclass, field


PROCESSORS_ARE_SHARED = "The clients share the server's processors. It needs clients on another machine, or more processors."


@dataclass
class Table:
    """Cells are text; the first column is a name."""

    heading: str
    columns: list
    rows: list


@dataclass
class Chart:
    """Bars in groups. `bars`: a list of (group, [(series, value)])."""

    name: str
    title: str
    unit: str
    groups: list


@dataclass
class Target:
    """One target of the project. `met`: None where this run could not tell. `else_needs`: why it is missed where it is, and what it needs."""

    words: str
    measured: str
    met: bool | None
    else_needs: str = ""


@dataclass
class Answer:
    tables: list = field(default_factory=list)
    charts: list = field(default_factory=list)
    targets: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
