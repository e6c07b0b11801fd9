"""The private server that is measured, asked through psql."""

import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A figure could not be measured. It ends the run."""


def _run(database, options, stdin=None):
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--dbname={database}", *options]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"psql failed in database {database}:\n{done.stderr.strip()}\n{' '.join(options)[:2000]}")
    return done


def psql(database, *options, stdin=None):
    return _run(database, options, stdin).stdout.strip()


def notices(database, statement):
    """What the server says beside a statement's answer."""
    return _run(database, [f"--command={statement}"]).stderr.strip()


def ask(database, statement):
    return psql(database, f"--command={statement}")


def ask_number(database, statement):
    answer = ask(database, statement)
    try:
        return int(answer)
    except ValueError:
        raise Failed(f"not a number: {answer!r}, asked for by: {statement}") from None


def fresh_database(name, extension=False, tables=None):
    """A database of that name, whatever was there before."""
    psql("postgres", f"--command=DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"--command=CREATE DATABASE {name}", "--output=/dev/null")
    if extension:
        ask(name, "CREATE EXTENSION slashguard")
    if tables:
        psql(name, f"--file={HERE / 'tables' / tables}")
    return name


def checkpoint(database):
    """Before a measurement, so that each begins with the same room in the write-ahead log."""
    ask(database, "CHECKPOINT")


def log_position(database):
    """Bytes of write-ahead log written so far."""
    return ask_number(database, "SELECT pg_current_wal_insert_lsn() - '0/0'")


def processor_seconds():
    """What the server's processes that have ended by now have used: the postmaster has waited for them."""
    postmaster = ask("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
    fields = Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()
    # In proc(5) cutime and cstime are the fields 16 and 17; what follows the name begins with the third.
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _sessions(database):
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    return ask_number(database, query)


def wait_for_sessions(database, least):
    _wait(lambda: _sessions(database) >= least, f"no {least} sessions in {database}")


def wait_for_sessions_to_end(database):
    """A client is gone a moment before its backend is."""
    _wait(lambda: not _sessions(database), f"sessions in {database} do not end")


def _wait(until, failure):
    limit = time.monotonic() + 60
    while not until():
        if time.monotonic() > limit:
            raise Failed(failure)
        time.sleep(0.05)


def bytes_of(database, table):
    """Bytes on disk of a table: heap, indexes, toast."""
    return ask_number(database, f"SELECT pg_total_relation_size('{table}')")


def environment(database):
    """For a program that connects by itself."""
    return {**os.environ, "PGDATABASE": database}


def drop_database(name):
    """Gives its disk back before the next question."""
    ask("postgres", f"DROP DATABASE {name} WITH (FORCE)")
