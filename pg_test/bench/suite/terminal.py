"""What a person sees while it runs, and at the end."""

import os
import shutil
import sys

_on_terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
_bold, _green, _red, _yellow, _plain = ("\033[1m", "\033[32m", "\033[31m", "\033[33m", "\033[0m") if _on_terminal else [""] * 5


def at(what):
    """What is being done now. On a terminal the next word takes its place; elsewhere it is not worth a line."""
    if _on_terminal:
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{what} .."[: width + 4], end="", flush=True)


def say(line):
    print(f"\r\033[K{line}" if _on_terminal else line, flush=True)


def show_table(table):
    say("")
    say(table.heading)
    rows = [table.columns, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.columns))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))]
        line = "  ".join(cells).rstrip()
        say(f"{_bold}{line}{_plain}" if number == 0 else line)


def verdict(met):
    return {True: "met", False: "not met", None: "not measured"}[met]


def show_targets(targets):
    say("")
    say(f"{_bold}Targets{_plain}")
    width = max(len(target.words) for target in targets)
    for target in targets:
        colour = {True: _green, False: _red, None: _yellow}[target.met]
        say(f"{target.words.ljust(width)}  {target.measured.rjust(22)}  {colour}{verdict(target.met)}{_plain}")
        if target.met is False and target.else_needs:
            say(f"    {target.else_needs}")
