"""What an example printed, held against what its page shows."""

import difflib
import re


def masked(output):
    """What must be the same in an output: not times, tokens, or the widths of columns."""
    lines = []
    for line in output.splitlines():
        line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?", "<time>", line)
        line = re.sub(r"sgt1_[0-9a-f]+", "<token>", line)
        line = re.sub(r"-{3,}", "---", line)
        line = re.sub(r"\s+", " ", line).strip()
        if line:
            lines.append(line)
    return lines


def faults_of_ending(block):
    last = [line for line in block.text.splitlines() if line.strip()][-1]
    if not last.endswith(";") and "\\" not in last:
        yield f"its last statement has no end: {last}"


def faults_of_output(block, printed):
    if block.output is None:
        if re.search(r"^(psql:.*)?(ERROR|FATAL|invalid command)", printed, re.MULTILINE):
            yield "it raises an error that the manual does not show:\n" + printed
        return
    shown, got = masked(block.output), masked(printed)
    if shown != got:
        yield "\n".join(difflib.unified_diff(shown, got, block.page, "printed", lineterm="", n=1))
