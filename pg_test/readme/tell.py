"""Tells a page: its words, its sql blocks, and what psql prints for them in the database PGDATABASE. Ends where something else is
printed than the page shows. With --check it says only what was held against the page, and the last line is
`N passed, N failed`.

Usage: tell.py PAGE [--check]"""

import os
import re
import sys
import textwrap

import server
from manual import Manual
from outputs import faults_of_ending, faults_of_output

dim, bold, plain = (os.environ.get(name, "") for name in ("dim", "bold", "plain"))


def words(text):
    """Of a paragraph, without the marks of its links, for people at a terminal."""
    if text.startswith("#"):
        return f"\n{bold}{text.lstrip('# ')}{plain}\n"
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("**", "")
    return textwrap.fill(" ".join(text.split()), 100, initial_indent="  ", subsequent_indent="  ") + "\n"


def parts(page):
    """Paragraphs and blocks, in the order of the page."""
    paragraph = []
    blocks = iter(page.blocks)
    block = next(blocks, None)
    for number, line in [*page.prose, (float("inf"), "")]:
        while block and block.line < number:
            if paragraph:
                yield " ".join(paragraph)
                paragraph = []
            yield block
            block = next(blocks, None)
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield " ".join(paragraph)
            paragraph = []


def main():
    page = Manual.of(sys.argv[1])
    checks = "--check" in sys.argv[2:]
    # The private servers speak so anyway, and a page may connect as a role that may not set it.
    session = server.Psql(os.environ["PGDATABASE"], options="")
    passed = 0
    for part in parts(page):
        if isinstance(part, str):
            if not checks:
                print(words(part), flush=True)
            continue
        if part.language != "sql":
            continue
        printed = session.run(part.text)
        faults = [*faults_of_ending(part), *faults_of_output(part, printed)]
        if checks:
            print(f"FAILED: {part.name}" if faults else f"ok: {part.name}", flush=True)
        else:
            print(dim + textwrap.indent(part.text, "    ") + plain, flush=True)
            print(textwrap.indent(printed.strip("\n"), "    ") + "\n" * bool(printed.strip()), flush=True)
        if faults:
            print(f"This is not what {part.name} shows:\n" + "\n".join(faults))
            print(f"{passed} passed, 1 failed")
            return 1
        passed += 1
    session.close()
    if checks:
        print(f"{passed} passed, 0 failed")
    return 0 if passed else 1


sys.exit(main())
