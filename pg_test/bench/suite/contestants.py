"""Who is measured side by side: each makes a database, runs a load there, and shows that the load did what it says."""

import os

import duties
import server
from load import PREPARED, WARM_UP_SECONDS, drive
from server import Failed


# What no single client has updated in a second, as a first guess.
_ROWS_A_CLIENT = 30_000


class Contestant:
    """`script`: of loads/. `counted`: the query that counts what the load has left behind."""

    script = counted = database = None
    settings = None
    protocol = PREPARED
    warm_up = WARM_UP_SECONDS

    def __init__(self, name):
        self.name = name
        self.cycles = 0

    def prepare(self):
        """Makes the database."""

    def before_run(self, clients, seconds):
        """Answers the run's variables."""
        return duties.next_variables()

    def run(self, clients, seconds, **more):
        variables = self.before_run(clients, seconds)
        run = drive(self.database, self.script, clients, seconds, variables, settings=self.settings, protocol=self.protocol, warm_up=self.warm_up, **more)
        self.cycles += run.cycles
        return run

    def check(self):
        """A cycle that was refused, or that wrote nothing, would be a fast one."""
        found = server.ask_number(self.database, self.counted)
        if found != self.cycles:
            raise Failed(f"{self.name}: pgbench did {self.cycles} cycles, and {found} are on record. The figures mean nothing.")


class RawInsert(Contestant):
    """The durable INSERT of the same row."""

    script, database = "raw_insert", "bench_raw"
    counted = "SELECT count(*) FROM claim"

    def prepare(self):
        make_raw_table(self.database)


class RawUpdate(Contestant):
    """The UPDATE by primary key, of rows that are there and hot, with an asynchronous commit."""

    script, database = "raw_update", "bench_raw_update"
    counted = "SELECT count(*) FROM claim WHERE signature IS NOT NULL"
    settings = {"synchronous_commit": "off"}

    def __init__(self, name):
        super().__init__(name)
        self.rates = []

    def prepare(self):
        make_raw_table(self.database)

    def before_run(self, clients, seconds):
        variables = super().before_run(clients, seconds)
        # Half as many again as the fastest run so far would need. Should they not be enough, the check says so.
        fastest = max([_ROWS_A_CLIENT * min(clients, os.cpu_count()), *self.rates])
        rows = int(fastest * (seconds + 1) * 1.5)
        server.checkpoint(self.database)
        server.ask(
            self.database,
            f"""INSERT INTO claim (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, secret, granted_at,
                                   lease_until, block_number)
                SELECT 1, {variables["first_slot"]} + n / 48, n % 48, 3, -1, '{duties.VARIABLES["hash_bytes"]}', 1,
                       '{duties.VARIABLES["secret"]}', now(), now(), {variables["first_slot"]} + n / 48
                  FROM generate_series(0, {rows}) AS n""",
        )
        return variables

    def run(self, clients, seconds, **more):
        run = super().run(clients, seconds, **more)
        self.rates.append(run.per_second)
        return run


class RawCycle(Contestant):
    """Both, one after the other in one session."""

    script, database = "raw_cycle", "bench_raw_cycle"
    counted = "SELECT count(*) FROM claim WHERE signature IS NOT NULL"

    def prepare(self):
        make_raw_table(self.database)


def make_raw_table(database):
    """A table shaped like slashguard.claim (columns, primary key, fillfactor), taken from the extension itself."""
    server.fresh_database(database, extension=True)
    options = server.ask(database, "SELECT array_to_string(reloptions, ',') FROM pg_class WHERE oid = 'slashguard.claim'::regclass")
    server.ask(database, f"CREATE TABLE claim (LIKE slashguard.claim INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING INDEXES) WITH ({options})")
    server.ask(database, "DROP EXTENSION slashguard")


class Slashguard(Contestant):
    """Claim and record."""

    script, database = "duty_cycle", "bench_slashguard"
    counted = "SELECT count(*) FROM slashguard.claim WHERE signature IS NOT NULL"

    def prepare(self):
        server.fresh_database(self.database, extension=True)
        duties.register_aztec_chain(server, self.database)


class Aztec(Contestant):
    """The Aztec client's statements on its own table."""

    script, database = "aztec", "bench_aztec"
    counted = "SELECT count(*) FROM validator_duties WHERE status = 'signed' AND signature IS NOT NULL"

    def prepare(self):
        server.fresh_database(self.database, tables="aztec.sql")


class PlainInsert(Contestant):
    """The INSERT that an Aztec node sends, into its own table."""

    script, database = "aztec_insert", "bench_plain_insert"
    counted = "SELECT count(*) FROM validator_duties"

    def prepare(self):
        server.fresh_database(self.database, tables="aztec.sql")


class ProtectedInsert(PlainInsert):
    """The same into a table that is protected."""

    database = "bench_protected_insert"

    def prepare(self):
        server.fresh_database(self.database, extension=True, tables="aztec.sql")
        identity, options = f"31337:{duties.ROLLUP}", '{"first_use": "trust", "horizon_slots": null}'
        server.ask(self.database, f"SELECT slashguard.protect_table('validator_duties', '{duties.CHAIN}', '{identity}', now(), '72 s', '{options}')")

    def check(self):
        super().check()
        claims = server.ask_number(self.database, "SELECT count(*) FROM slashguard.claim")
        if claims != self.cycles:
            raise Failed(f"{self.name}: {self.cycles} inserts, and {claims} claims. The figures mean nothing.")
