"""page: puts the figures that are kept under target/bench/ into docs/performance.md, between its markers, and the charts
beside it. What was not measured since target/ was made stays as the page has it."""

import json
import re
import shutil
import sys
from pathlib import Path

from terminal import verdict

_RESULTS = Path("target/bench")
_PAGE = Path("docs/performance.md")
_CHARTS = Path("docs/performance")


def main():
    page = _PAGE.read_text()
    for file in sorted(_RESULTS.glob("*.json")):
        kept = json.loads(file.read_text())
        name = kept["question"]
        begin, end = f"<!-- {name}: written by make bench-page -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
        if not pattern.search(page):
            sys.exit(f"{_PAGE} has no place for {name}: add the lines\n{begin}\n{end}")
        page = pattern.sub(lambda _: f"{begin}\n{_section(kept)}\n{end}", page)
        for chart in kept["charts"]:
            _CHARTS.mkdir(exist_ok=True)
            shutil.copy(_RESULTS / f"{chart['name']}.svg", _CHARTS)
    _PAGE.write_text(page)
    print(f"{_PAGE} has the figures of {_RESULTS}/*.json")


def _section(kept):
    parts = [_source(kept)]
    parts += [_table(table) for table in kept["tables"]]
    parts += [f"![{chart['title']}](performance/{chart['name']}.svg)" for chart in kept["charts"]]
    if kept["targets"]:
        rows = [[target["words"], target["measured"], _verdict(target)] for target in kept["targets"]]
        parts.append(_markdown(["target", "measured", ""], rows))
    return "\n\n".join(parts)


def _verdict(target):
    needs = target["else_needs"] if target["met"] is False else ""
    return f"{verdict(target['met'])}: {needs}" if needs else verdict(target["met"])


def _source(kept):
    processors = f"{kept['processors']} processors"
    return f"Measured by `{kept['command']}` on {kept['measured_at'][:10]}, Postgres {kept['server_version']}, {processors}."


def _table(table):
    return f"{table['heading']}\n\n{_markdown(table['columns'], table['rows'])}"


def _markdown(columns, rows):
    lines = [columns, ["---" if place == 0 else "---:" for place in range(len(columns))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
