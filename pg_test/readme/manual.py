"""A page such as README.md as data: its fenced blocks, tables, headings and links."""

import pathlib
import re
from dataclasses import dataclass


class Fault(Exception):
    """What cannot be checked, with the reason."""


@dataclass
class Block:
    page: str
    line: int
    language: str
    word: str
    text: str
    # What the manual shows as its output; None where it shows none.
    output: str | None = None

    @property
    def name(self):
        return f"{self.page}:{self.line} {self.language} {self.word}".rstrip()


class Manual:
    @classmethod
    def of(cls, name):
        return cls(name, pathlib.Path(name).read_text())

    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.blocks = []
        self.prose = []
        self._read(text.splitlines())

    def _read(self, lines):
        block = None
        # The block that a text block now would be the output of.
        before = None
        for number, line in enumerate(lines, 1):
            fence = re.match(r"( *)```(\S*) ?(.*)$", line)
            if block is None and fence:
                indent = len(fence[1])
                block = Block(self.name, number, fence[2], fence[3].strip(), "")
            elif block is None:
                self.prose.append((number, line))
                if line.strip():
                    before = None
            elif fence:
                if block.language == "text" and before is not None:
                    before.output = block.text
                    before = None
                else:
                    self.blocks.append(block)
                    before = block
                block = None
            else:
                block.text += line[min(indent, len(line) - len(line.lstrip(" "))) :] + "\n"
        if block is not None:
            raise Fault(f"{self.name}:{block.line}: the block is not closed")

    def headings(self):
        return [line.lstrip("#").strip() for _, line in self.prose if re.match(r"#+ ", line)]

    def section(self, heading):
        """The prose lines under a heading, up to the next of its level or above."""
        found = level = None
        lines = []
        for _, line in self.prose:
            hashes = re.match(r"(#+) ", line)
            if found and hashes and len(hashes[1]) <= level:
                break
            if found:
                lines.append(line)
            elif hashes and line.lstrip("#").strip() == heading:
                found, level = True, len(hashes[1])
        if not found:
            raise Fault(f"{self.name} has no section '{heading}'")
        return lines

    def table(self, heading, first_column):
        """Rows of the table under a heading whose first column has that title, as lists of cells."""
        rows, inside = [], False
        for line in self.section(heading):
            if not line.startswith("|"):
                inside = False
                continue
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0] == first_column:
                inside = True
            elif inside and not set(cells[0]) <= set("-: "):
                rows.append(cells)
        if not rows:
            raise Fault(f"{self.name} has no table '{first_column}' in section '{heading}'")
        return rows

    def links(self):
        for number, line in self.prose:
            for target in re.findall(r"\]\(([^)]+)\)", line):
                yield number, target


def code(cell):
    """The words that a cell has as code."""
    return re.findall(r"`([^`]+)`", cell)


def anchor(heading):
    """As GitHub makes it from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
