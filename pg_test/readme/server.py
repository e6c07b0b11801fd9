"""The server that the environment names: psql sessions that stay, and queries whose rows come back."""

import json
import os
import re
import subprocess
import threading

from manual import Fault

MARKER = "end of the block"
# For what will never come.
SECONDS = 120


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in ("PGOPTIONS", "PGAPPNAME", "PSQLRC")}
    return {**kept, "LC_ALL": "C", **more}


class Psql:
    """A psql session, fed block by block."""

    def __init__(self, database, options="-c lc_messages=C"):
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", "-eL", "psql", "--no-psqlrc", "--quiet", f"--dbname={database}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(PGOPTIONS=options),
        )

    def run(self, text):
        """What psql prints for the text."""
        watch = threading.Timer(SECONDS, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(f"{text}\n\\echo {MARKER}\n")
            self._process.stdin.flush()
            printed = ""
            for line in self._process.stdout:
                if line.rstrip("\n") == MARKER:
                    return printed
                printed += line
            return f"{printed}ERROR: psql ended\n"
        finally:
            watch.cancel()

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def rows(database, query, **parameters):
    """The query's rows as dictionaries."""
    for name, value in parameters.items():
        query = re.sub(f":{name}\\b", "'" + value.replace("'", "''") + "'", query)
    wrapped = f"SELECT coalesce(json_agg(r), '[]') FROM ({query}) AS r"
    return json.loads(run(database, wrapped))


def run(database, statement):
    """One statement, which must succeed; its bare output."""
    answer = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1",
         f"--dbname={database}", f"--command={statement}"],
        capture_output=True, text=True, env=environment(PGOPTIONS="-c client_min_messages=warning"), check=False,
    )
    if answer.returncode != 0:
        raise Fault(f"{statement}\n{answer.stderr}")
    return answer.stdout


def try_run(database, statement):
    """The SQLSTATE of one statement; 00000 where it succeeds."""
    answer = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", f"--dbname={database}",
         f"--command={statement}"],
        capture_output=True, text=True, env=environment(), check=False,
    )
    found = re.search(r"ERROR: +(\w{5})", answer.stderr)
    return found[1] if found else "00000"
