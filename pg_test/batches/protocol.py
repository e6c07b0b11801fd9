"""Nothing of a batch is on the wire before its commit, whatever way it is asked for; nothing is handed out that was not committed, or to
somebody else. The answers are larger than the server's buffer of 8 kB.
"""

import re

import psycopg

from report import check, close, same, wait_until
from wire import FLUSH, SYNC, Bare, errors, kinds, query, rows, run

DATABASE = "wire"
SIZE = 60
observer = psycopg.connect("", dbname=DATABASE, autocommit=True, options="-c synchronous_commit=local")
slots = iter(range(1, 1_000_000))
HASH = "0x" + "01" * 32


def ask(sql):
    row = observer.execute(sql).fetchone()
    return row and row[0]


def arguments(slot, **more):
    named = {"chain": "'wire'", "validators": f"(SELECT array_agg('0x' || lpad(to_hex(n), 40, '0')) FROM generate_series(1, {SIZE}) AS n)",
             "slot": slot, "duty_type": "'ATTESTATION'", "message_hashes": f"array_fill('{HASH}'::text, ARRAY[{SIZE}])", "node_id": "'node'",
             "block_index": -1, "block_number": "NULL", "checkpoint_number": "NULL", "lease_ms": 3_600_000, "request_id": "NULL", "seen_position": "NULL"}
    return ", ".join(f"{name} => {value}" for name, value in (named | more).items())


def batch(slot, **more):
    """CALL takes no sub-query."""
    validators = ", ".join(f"'0x{n:040x}'" for n in range(1, SIZE + 1))
    return f"CALL slashguard.acquire_duties({arguments(slot, validators=f'ARRAY[{validators}]', **more)})"


def by_hand(slot, **more):
    return f"slashguard.claim_duties({arguments(slot, **more)})"


def granted(slot):
    return ask(f"SELECT count(*) FROM slashguard.claim WHERE slot = {slot}")


def acquired(messages):
    return sum(row.count("(acquired,") for row in rows(messages))


def waits(pid, event):
    return lambda: ask(f"SELECT wait_event FROM pg_stat_activity WHERE pid = {pid}") == event


def names(value):
    observer.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{value}'")
    observer.execute("SELECT pg_reload_conf()")
    wait_until("the setting is read", lambda: ask("SHOW synchronous_standby_names") == value)
    # The checkpointer switches the waiting on and off for all.
    observer.execute("CHECKPOINT")


def stopped_in_commit():
    """The commit waits for a standby that nobody requires: it is made, and nothing of the answer is out."""
    ways = {
        "simple": lambda sql: [query(sql)],
        "extended": lambda sql: [run(sql), SYNC],
        "extended and flushed": lambda sql: [run(sql), FLUSH],
        "with a row limit, flushed": lambda sql: [run(sql, 1), FLUSH],
        "in a pipeline, first": lambda sql: [run(sql), run("SELECT 1"), SYNC],
        "in a pipeline, second": lambda sql: [run("SELECT 'first'"), run(sql), SYNC],
        "within DO": lambda sql: [query(f"DO $do$ DECLARE a slashguard.acquisition[]; BEGIN {sql.replace('CALL slashguard.acquire_duties(', 'CALL slashguard.acquire_duties(answers => a, ')};"
                                        " RAISE NOTICE '(acquired,%', a; END $do$")],
    }
    for name, way in ways.items():
        slot, session = next(slots), Bare(DATABASE)
        # The library is there, and the setting is read.
        session.ask(query(batch(next(slots))))
        names("nobody")
        session.send(*way(batch(slot)))
        wait_until(f"{name}: the commit waits", waits(session.pid, "SyncRep"))
        early = session.so_far()
        check(f"{name}: nothing but what precedes it is out", acquired(early) == 0 and all(b"acquired" not in body for _, body in early), early)
        names("")
        if "flushed" in name:
            wait_until(f"{name}: it is idle", waits(session.pid, "ClientRead"))
            session.send(SYNC)
        late = session.until(b"Z")
        if name == "within DO":
            check(f"{name}: all are answered", any(kind == b"N" and b"acquired" in body for kind, body in late), kinds(late))
        else:
            same(f"{name}: all are answered", SIZE, acquired(late))
        same(f"{name}: all are granted", SIZE, granted(slot))
        session.close()


def refused():
    """Where the answers could not be handed out after a commit of their own: SG007, or Postgres' own word, and nothing is granted."""
    before = {
        "in a block": (["BEGIN"], "{call}", "ROLLBACK"),
        "in a block, committed all the same": (["BEGIN"], "{call}", "COMMIT"),
        "after a savepoint": (["BEGIN", "SAVEPOINT s"], "{call}", "ROLLBACK TO SAVEPOINT s; COMMIT"),
        "several statements in one message": ([], "SELECT 1; {call}", ""),
        "several statements, first": ([], "{call}; SELECT 1", ""),
        "repeatable read": (["SET default_transaction_isolation = 'repeatable read'"], "{call}", ""),
        "serializable": (["SET default_transaction_isolation = 'serializable'"], "{call}", ""),
        "read only": (["SET default_transaction_read_only = on"], "{call}", ""),
        "in a function": ([], "SELECT called($c${call}$c$)", ""),
        "in a procedure that sets something": ([], "CALL setting($c${call}$c$)", ""),
        "in a procedure that catches errors": ([], "CALL catching($c${call}$c$)", ""),
        "in EXECUTE of DO, caught": ([], "DO $do$ BEGIN EXECUTE $c${call}$c$; EXCEPTION WHEN division_by_zero THEN END $do$", ""),
        "in a trigger": ([], "INSERT INTO asking VALUES ($c${call}$c$)", ""),
        "prepared": (["BEGIN"], "{call}", "PREPARE TRANSACTION 'batch'"),
    }
    for name, (prepare, text, after) in before.items():
        slot, session = next(slots), Bare(DATABASE)
        for statement in prepare:
            session.ask(query(statement))
        heard = session.ask(query(text.format(call=batch(slot))))
        same(f"{name}: nothing is answered", (0, True), (acquired(heard), bool(errors(heard))))
        if after:
            session.ask(query(after))
        same(f"{name}: nothing is granted", (0, 0), (granted(slot), ask("SELECT count(*) FROM pg_prepared_xacts")))
        left = session.ask(query("SELECT slashguard.claimed()"))
        check(f"{name}: nothing is left to fetch", errors(left) and not rows(left), left)
        session.close()


def parts_by_hand():
    """The procedure's parts, called without it: no answer that is not committed, and none later."""
    late = "SELECT slashguard.claimed()"
    for name, script in {
        "the parts in two statements": lambda slot: [[query("SELECT " + by_hand(slot))], [query(late)]],
        "the parts in one statement": lambda slot: [[query(f"SELECT slashguard.claimed() FROM {by_hand(slot)} AS c")], [query(late)]],
        "the parts in one message": lambda slot: [[query(f"SELECT {by_hand(slot)}; {late}")], [query(late)]],
        "the parts in a pipeline": lambda slot: [[run("SELECT " + by_hand(slot)), run(late), SYNC], [query(late)]],
        "the parts in a pipeline, the first flushed": lambda slot: [[run("SELECT " + by_hand(slot)), FLUSH, run(late), SYNC], [query(late)]],
        "the parts in a block": lambda slot: [[query("BEGIN")], [query("SELECT " + by_hand(slot))], [query(late)], [query("COMMIT")], [query(late)]],
        "committed in DO, fetched in the next statement": lambda slot: [[query(f"DO $$ BEGIN PERFORM {by_hand(slot)}; COMMIT; END $$")], [query(late)]],
        "rolled back in DO, then fetched": lambda slot: [[query(f"DO $$ BEGIN PERFORM {by_hand(slot)}; ROLLBACK; PERFORM slashguard.claimed(); END $$")], [query(late)]],
        "fetched before the commit in DO": lambda slot: [[query(f"DO $$ BEGIN PERFORM {by_hand(slot)}; RAISE NOTICE '(acquired,%', slashguard.claimed(); COMMIT; END $$")], [query(late)]],
        "fetched as recordings": lambda slot: [[query(f"DO $$ BEGIN PERFORM {by_hand(slot)}; COMMIT; RAISE NOTICE '(acquired,%', slashguard.recorded(); END $$")], [query(late)]],
        "by another role in the same connection": lambda slot: [[query(f"DO $$ BEGIN PERFORM {by_hand(slot)}; COMMIT; END $$")],
                                                                [query("SET SESSION AUTHORIZATION other_node")], [query(late)]],
    }.items():
        slot, session = next(slots), Bare(DATABASE)
        heard = [one for messages in script(slot) for one in session.ask(*messages)]
        check(f"{name}: nothing is handed out", all(b"acquired" not in body for _, body in heard), heard)
        same(f"{name}: the last is told so", "55000", errors(heard)[-1])
        session.close()


def prepared_by_hand():
    """A prepared transaction would keep the chain's lock for as long as it lies there."""
    slot, session = next(slots), Bare(DATABASE)
    heard = session.ask(run("SELECT " + by_hand(slot)), run("BEGIN"), run("PREPARE TRANSACTION 'batch'"), SYNC)
    same("no claim is left prepared", 0, ask("SELECT count(*) FROM pg_prepared_xacts"))
    check("and nobody is in its way", acquired(Bare(DATABASE).ask(query(batch(next(slots))))) == SIZE, heard)
    session.close()


def in_vain():
    """The commit fails, or is cancelled, or times out: nothing is answered, nothing is granted, nothing is left to fetch."""
    def fails(session, slot):
        return session.ask(run("INSERT INTO failing VALUES (1)"), run(batch(slot)), SYNC)

    def stopped(end):
        def way(session, slot):
            observer.execute("SELECT pg_advisory_lock(7)")
            session.send(run("INSERT INTO late VALUES (1)"), run(batch(slot)), SYNC)
            early = []
            if end:
                wait_until("the commit waits for the lock", waits(session.pid, "advisory"))
                early = session.so_far()
                end(session)
            heard = early + session.until(b"Z")
            observer.execute("SELECT pg_advisory_unlock(7)")
            return heard
        return way

    ways = {
        "a commit that fails": (fails, "P0001"),
        "cancelled before the commit": (stopped(lambda session: observer.execute(f"SELECT pg_cancel_backend({session.pid})")), "57014"),
        "terminated before the commit": (stopped(lambda session: observer.execute(f"SELECT pg_terminate_backend({session.pid})")), "57P01"),
        "statement_timeout before the commit": (stopped(None), "57014"),
    }
    for name, (way, state) in ways.items():
        slot, session = next(slots), Bare(DATABASE)
        if "timeout" in name:
            session.ask(query("SET statement_timeout = '500ms'"))
        heard = way(session, slot)
        same(f"{name}: the error alone", (0, [state]), (acquired(heard), errors(heard)))
        same(f"{name}: nothing is granted", 0, granted(slot))
        if "terminated" not in name:
            left = session.ask(query("SELECT slashguard.claimed()"))
            same(f"{name}: nothing is left to fetch", ["55000"], errors(left))
        session.close()


def after_commit():
    """Committed, and then the client is not told: it asks again, and has the same claims."""
    for name, end in {"cancelled": "pg_cancel_backend", "terminated": "pg_terminate_backend"}.items():
        slot, session = next(slots), Bare(DATABASE)
        session.ask(query(batch(next(slots))))
        again = batch(slot, request_id="'4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01'")
        names("nobody")
        session.send(query(again))
        wait_until("the commit waits", waits(session.pid, "SyncRep"))
        observer.execute(f"SELECT {end}({session.pid})")
        heard = session.until(b"Z")
        names("")
        same(f"{name} in the wait for a standby that nobody requires: granted", SIZE, granted(slot))
        check(f"{name}: all or nothing is told", acquired(heard) in (0, SIZE), kinds(heard))
        session.close()
        session = Bare(DATABASE)
        heard = session.ask(query(again))
        same(f"{name}: asked again, the same claims", SIZE, acquired(heard))
        tokens = set(re.findall(r"acquired,([\w:.-]+)", "".join(rows(heard))))
        same(f"{name}: each with its token", SIZE, len(tokens))
        session.close()


def flushed():
    """On disk when it is answered, whatever synchronous_commit says: the log is flushed beyond the point where it stood before."""
    session = psycopg.connect("", dbname=DATABASE, autocommit=True, options="-c synchronous_commit=off")

    def times(sql):
        count = 0
        for _ in range(50):
            statement = sql() if callable(sql) else sql
            before = session.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
            session.execute(statement)
            count += session.execute("SELECT pg_current_wal_flush_lsn() > %s::pg_lsn", (before,)).fetchone()[0]
        return count

    check("an ordinary insert is not always flushed", times("INSERT INTO behind VALUES (1)") < 50)
    same("claims are flushed each time", 50, times(lambda: batch(next(slots))))
    request = "'4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b02'"
    asked = iter([slot for slot in [next(slots) for _ in range(25)] for _ in range(2)])
    same("claims asked for again are flushed each time", 50, times(lambda: batch(next(asked), request_id=request)))
    lowered = "DO $$ BEGIN PERFORM {}; PERFORM set_config('synchronous_commit', 'off', true); COMMIT; PERFORM slashguard.claimed(); END $$"
    same("claims are flushed, whatever comes after them", 50, times(lambda: lowered.format(by_hand(next(slots)))))

    def recording(chain):
        answers = session.execute(batch(next(slots), chain=f"'{chain}'").replace("acquire_duties(", "acquire_duties(answers => NULL, ")).fetchone()[0]
        tokens = re.findall(r"acquired,([\w:.-]+)", str(answers))
        return "CALL slashguard.record_signatures(ARRAY[{}], array_fill('0x{}'::text, ARRAY[{}]))".format(
            ", ".join(f"'{token}'" for token in tokens), "51" * 65, len(tokens))
    same("signatures of a chain that wants it are flushed each time", 50, times(lambda: recording("durable")))
    session.close()


observer.execute(r"""
CREATE TABLE behind (n integer);
CREATE TABLE failing (n integer);
CREATE TABLE late (n integer);
CREATE TABLE asking (call text);
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'in vain'; END $$;
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
CREATE FUNCTION called(call text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE call; END $$;
CREATE FUNCTION asks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE NEW.call; RETURN NULL; END $$;
CREATE PROCEDURE setting(call text) LANGUAGE plpgsql SET jit = off AS $$ BEGIN EXECUTE call; END $$;
CREATE PROCEDURE catching(call text) LANGUAGE plpgsql AS $$ BEGIN EXECUTE call; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON failing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
CREATE TRIGGER asks AFTER INSERT ON asking FOR EACH ROW EXECUTE FUNCTION asks();
DROP ROLE IF EXISTS other_node;
CREATE ROLE other_node LOGIN IN ROLE slashguard_client;
""")
for number, chain in enumerate(("wire", "durable")):
    observer.execute("""SELECT slashguard.register_chain(%s, 'aztec', %s, now() - interval '1000.5 hours', '1 hour',
        jsonb_build_object('first_use', 'trust', 'signature_scheme', 'none', 'horizon_slots', NULL, 'record_commit', %s::text))""",
        (chain, f"1:0x{number:040x}", "durable" if chain == "durable" else "async"))
stopped_in_commit()
refused()
parts_by_hand()
prepared_by_hand()
in_vain()
after_commit()
flushed()
close()
