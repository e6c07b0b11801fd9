"""Runs what README.md shows and holds what it lists against the catalog and the sources. Called by run."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import server
from manual import Fault, Manual, anchor, code
from outputs import faults_of_ending, faults_of_output

DATABASE = "slashguard_readme"
# Those that the README creates.
ROLES = ["validator_node", "validator_keeper", "validator_watch", "bridge_relayer"]
# What a chain is registered with, by its rules.
OPTION_CHAINS = {"aztec": "31337:0x" + "0c" * 20, "ethereum": "0x" + "0c" * 32, "bridge": "31337:0x" + "0c" * 20}

work = pathlib.Path(sys.argv[1]).resolve()
# Where the operator of the README has files.
files = work / "files"
manual = Manual.of("README.md")
pages = [manual, *(Manual.of(str(path)) for path in sorted(pathlib.Path("docs").glob("*.md")))]
counted = {"passed": 0, "failed": 0}


def check(name, faults):
    """Counts one check. Faults are sentences; none is a pass."""
    faults = list(faults)
    counted["failed" if faults else "passed"] += 1
    print(f"FAILED: {name}" if faults else f"ok: {name}", flush=True)
    for fault in faults:
        print("    " + fault.replace("\n", "\n    "), flush=True)


def source(*patterns):
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(pathlib.Path().glob(pattern)))


# What examples print


def run_file(block):
    suffix, program = {"js": ("mjs", "node"), "python": ("py", str(work / "venv/bin/python"))}[block.language]
    file = work / f"client.{suffix}"
    file.write_text(block.text)
    environment = server.environment(PGUSER=ROLES[0], PGPASSWORD="change me", PGDATABASE=DATABASE)
    try:
        answer = subprocess.run(
            [program, str(file)], capture_output=True, text=True, env=environment, timeout=server.SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        yield f"it did not end within {server.SECONDS} s"
        return
    if answer.returncode != 0:
        yield f"it ended with status {answer.returncode}:\n{answer.stdout}{answer.stderr}"
    yield from faults_of_output(block, answer.stdout)


def run_operator(block):
    environment = server.environment(PGUSER=ROLES[1], PGPASSWORD="change me", PGDATABASE=DATABASE)
    try:
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text], cwd=files, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment, timeout=server.SECONDS, check=False,
        )
    except subprocess.TimeoutExpired:
        yield f"it did not end within {server.SECONDS} s"
        return
    shows_error = block.output is not None and "ERROR:" in block.output
    if (answer.returncode != 0) != shows_error:
        yield f"it ended with status {answer.returncode}:\n{answer.stdout}"
    yield from faults_of_output(block, answer.stdout)


def write_file(block):
    try:
        json.loads(block.text)
    except ValueError as error:
        yield str(error)
    (files / block.word).write_text(block.text)


def histories(name):
    """What an interchange file has of each validator, in no order."""
    file = json.loads((files / name).read_text())
    return file["metadata"], {
        entry["pubkey"]: {
            kind: sorted(json.dumps(item, sort_keys=True) for item in entry[kind])
            for kind in ("signed_blocks", "signed_attestations")
        }
        for entry in file["data"]
    }


def faults_of_round_trip():
    imported, exported = histories("history.json"), histories("exported.json")
    if imported[0] != exported[0]:
        yield f"metadata: {imported[0]} came in, {exported[0]} went out"
    if not imported[1]:
        yield "history.json has no validator"
    for validator, history in imported[1].items():
        if exported[1].get(validator) != history:
            yield f"{validator}: {history} came in, {exported[1].get(validator)} went out"


def run_beside_nodes(block):
    """In a database that has the nodes' table and nothing else."""
    database = "slashguard_readme_aztec"
    server.run("postgres", f"DROP DATABASE IF EXISTS {database}")
    server.run("postgres", f"CREATE DATABASE {database}")
    session = server.Psql(database)
    session.run(pathlib.Path("pg_test/bench/tables/aztec.sql").read_text())
    printed = session.run(block.text)
    yield from [*faults_of_ending(block), *faults_of_output(block, printed)]
    tables = server.rows(database, "SELECT * FROM slashguard.protected_tables")
    if [table["enabled"] for table in tables] != [True]:
        yield f"protected afterwards: {tables}"
    session.close()
    server.run("postgres", f"DROP DATABASE {database}")


def run_examples(own):
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    sessions = {}
    for block in manual.blocks:
        if block.language == "sql" and block.word in ("", "own"):
            database = own if block.word == "own" else DATABASE
            if database not in sessions:
                sessions[database] = server.Psql(database)
            printed = sessions[database].run(block.text)
            check(block.name, [*faults_of_ending(block), *faults_of_output(block, printed)])
        elif (block.language, block.word) == ("sql", "aztec"):
            check(block.name, run_beside_nodes(block))
        elif block.language in ("js", "python"):
            check(block.name, run_file(block))
        elif (block.language, block.word) == ("sh", "psql"):
            check(block.name, run_operator(block))
        elif block.language == "json" and block.word:
            check(block.name, write_file(block))
        elif block.language == "sh":
            check(block.name, faults_of_shell(block))
        elif block.language == "ini":
            check(block.name, faults_of_settings_file(block))
        elif (block.language, block.word) not in [("text", ""), ("sql", "signature")]:
            check(block.name, ["nobody knows how to check such a block"])
    for session in sessions.values():
        session.close()
    check("an export has what was imported", faults_of_round_trip())


def make_targets():
    makefile = pathlib.Path("Makefile").read_text()
    return set(re.findall(r"^## ([a-z-]+):", makefile, re.MULTILINE)) | {"help"}


def faults_of_shell(block):
    for line in block.text.splitlines():
        words = [word for word in line.split("#")[0].split() if word != "sudo"]
        if not words:
            continue
        if words[0] != "make":
            yield f"only make can be checked: {line}"
        for word in words[1:]:
            if "=" not in word and word not in make_targets():
                yield f"make has no target {word}"


def faults_of_settings_file(block):
    known = {row["name"] for row in server.rows(DATABASE, "SELECT name FROM pg_settings")}
    for line in block.text.splitlines():
        name = line.split("=")[0].strip()
        if name not in known:
            yield f"the server has no setting {name}"


# What the manual lists


def difference(what, listed, real):
    listed, real = set(listed), set(real)
    for missing in sorted(real - listed):
        yield f"{what} {missing} is not in README.md"
    for stale in sorted(listed - real):
        yield f"README.md has {what} {stale}, which is not there"


def normal_signature(text):
    text = " ".join(text.split()).replace("timestamp with time zone", "timestamptz")
    text = re.sub(r"NULL::[a-z.]+(\[\])?", "NULL", text)
    text = re.sub(r"'([^']*)'(::[a-z]+)?", r"\1", text)
    return text.replace("( ", "(").replace(" )", ")")


def check_functions():
    functions = server.rows(DATABASE, """
        SELECT p.proname AS name,
               format('slashguard.%s(%s)', p.proname, pg_get_function_arguments(p.oid)) AS call,
               CASE WHEN p.prokind <> 'p' THEN pg_get_function_result(p.oid) END AS result,
               has_function_privilege('slashguard_client', p.oid, 'execute') AS client,
               has_function_privilege('slashguard_maintainer', p.oid, 'execute') AS maintainer,
               has_function_privilege('slashguard_reader', p.oid, 'execute') AS reader
          FROM pg_proc AS p
         WHERE p.pronamespace = 'slashguard'::regnamespace AND p.prorettype <> 'trigger'::regtype
           AND (has_function_privilege('slashguard_client', p.oid, 'execute')
                OR has_function_privilege('slashguard_maintainer', p.oid, 'execute')
                OR has_function_privilege('slashguard_reader', p.oid, 'execute')
                OR p.proname = ANY (ARRAY['lower_low_watermark']))""")
    names = [function["name"] for function in functions]
    listed = {code(row[0])[0]: row for row in manual.table("Functions", "function")}
    check("every function is in the table of functions", difference("function", listed, names))

    headings = manual.headings()
    check("every function has its section", [f"{name} has none" for name in names if name not in headings])

    # Functions of one name have a signature each.
    signatures = set()
    for block in manual.blocks:
        if block.word == "signature":
            signatures.update(map(normal_signature, re.split(r"\n(?=slashguard\.)", block.text.rstrip())))
    real = set()
    for function in functions:
        text = function["call"] + (f" RETURNS {function['result']}" if function["result"] else "")
        real.add(normal_signature(text if function["result"] else f"PROCEDURE {text}"))
    check("signatures are those of the catalog", difference("signature", signatures, real))

    def wrong_roles():
        for function in functions:
            row = listed.get(function["name"])
            may = [role for role in ("client", "reader", "maintainer") if function[role]] or ["superuser"]
            if row and sorted(row[1].split(", ")) != sorted(may):
                yield f"{function['name']} is for {', '.join(may)}"

    check("functions are for the roles that may call them", wrong_roles())


def check_comments():
    bare = server.rows(DATABASE, """
        SELECT pg_describe_object(classid, objid, 0) AS what
          FROM pg_depend
         WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
           AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'slashguard')
           AND (classid <> 'pg_class'::regclass OR (SELECT relkind FROM pg_class WHERE oid = objid) IN ('r', 'v'))
           AND classid <> 'pg_type'::regclass
           AND obj_description(objid, classid::regclass::name) IS NULL
        UNION ALL
        SELECT format('column %s of type acquisition', attname)
          FROM pg_attribute
         WHERE attrelid = 'slashguard.acquisition'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
        UNION ALL
        SELECT 'type acquisition' WHERE obj_description('slashguard.acquisition'::regtype, 'pg_type') IS NULL
        UNION ALL
        SELECT 'the extension' FROM pg_extension WHERE extname = 'slashguard' AND obj_description(oid, 'pg_extension') IS NULL""")
    check("everything has its COMMENT", (f"{row['what']} has none" for row in bare))


def check_views():
    views = server.rows(DATABASE, """
        SELECT c.relname AS name, string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
          FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
         WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind = 'v' GROUP BY c.relname""")
    listed = {code(row[0])[0]: row[1] for row in manual.table("Views", "view")}
    check("every view is listed with its columns", difference(
        "view", (f"{name} ({columns})" for name, columns in listed.items()),
        (f"{view['name']} ({view['columns']})" for view in views)))


def check_outcomes():
    fields = server.rows(DATABASE, """
        SELECT attname AS name FROM pg_attribute WHERE attrelid = 'slashguard.acquisition'::regclass AND attnum > 0""")
    check("every field of an answer is listed", difference(
        "field", (code(row[0])[0] for row in manual.table("Outcomes", "field")), (field["name"] for field in fields)))
    acquisition = source("src/duty/acquisition.rs")
    check("every outcome is listed", difference(
        "outcome", (code(row[0])[0] for row in manual.table("Outcomes", "outcome")),
        re.findall(r'Self::\w+ => "(\w+)"', acquisition)))
    everything = source("src/**/*.rs")
    causes = re.findall(r'"cause"(?:: |\] = )"(\w+)"', everything) + re.findall(r'FIRST_USE: &str = "(\w+)"', acquisition)
    for pair in re.findall(r'"cause": if \w+ { "(\w+)" } else { "(\w+)" }', everything):
        causes += pair
    causes += re.findall(r'=> "(double_\w+)"', source("src/api/attempt/slashable.rs"))
    check("every cause is listed", difference(
        "cause", (code(row[0])[0] for row in manual.table("Outcomes", "cause")), causes))


def check_codes():
    listed = [state for row in manual.table("SQLSTATEs", "SQLSTATE") for state in re.findall(r"\b[0-9A-Z]{5}\b", row[0])]
    raised = set(re.findall(r'Self\("(\w{5})"\)', source("src/duty/error.rs")))
    raised |= set(re.findall(r"ERRCODE = '(\w{5})'", source("sql/*.sql")))
    raised |= set(re.findall(r'\b(SG\d{3})\b', source("src/**/*.rs", "sql/*.sql")))
    check("every SQLSTATE is listed", (f"{state} is raised and not in the table" for state in sorted(raised - set(listed))))
    check("no SQLSTATE is listed that is not raised", (
        f"{state} is in the table and not in the sources" for state in listed if state.startswith("SG") and state not in raised))


def check_options():
    text = re.search(r'OPTION_NAMES: &str = "([^"]*)"', source("src/duty/chain.rs"))[1]
    names = re.findall(r"\w+", text.replace("\\\n", " "))
    listed = {code(row[0])[0]: row for row in manual.table("Options of a chain", "option")}
    check("every option is listed", difference("option", listed, names))

    def default_of(row, rules):
        """Several defaults: the first is for all rules but those that another names."""
        words = {"ethereum": "for Ethereum", "bridge": "for bridges"}.get(rules)
        clauses = row[2].split(";")
        return code(next((clause for clause in clauses if words and words in clause), clauses[0]))[0]

    def wrong_defaults():
        for rules, identity in OPTION_CHAINS.items():
            chain = f"defaults of {rules}"
            clock = "" if rules == "bridge" else ", now(), '12 s'"
            server.run(DATABASE, f"SELECT slashguard.register_chain('{chain}', '{rules}', '{identity}'{clock})")

            def shown():
                return server.rows(DATABASE, "SELECT * FROM slashguard.chains WHERE chain = :chain", chain=chain)[0]

            before = shown()
            for name, row in listed.items():
                default = default_of(row, rules)
                if row[1] != "all" and rules not in row[1].split(", "):
                    value = default if re.fullmatch(r"\d+|null|true|false", default) else f'"{default}"'
                    state = server.try_run(DATABASE, f"SELECT slashguard.set_chain_option('{chain}', '{name}', '{value}')")
                    if state != "22023":
                        yield f"{name} is not for {rules}, but {default} is answered {state}"
                elif name not in before or name == "retention":
                    # Only one value of these is allowed, or it has other words for the same; so it is set, and changes nothing.
                    value = default if default in ("true", "false") else f'"{default}"'
                    state = server.try_run(DATABASE, f"SELECT slashguard.set_chain_option('{chain}', '{name}', '{value}')")
                    if state != "00000":
                        yield f"{name} cannot be {default} for {rules}: {state}"
                    elif shown().get(name) != before.get(name):
                        yield f"{name} is {before[name]} for {rules}, not {default}"
                elif json.dumps(before[name]).strip('"') != default:
                    yield f"{name} is {before[name]} for {rules}, not {default}"

    check("options have the listed defaults", wrong_defaults())


def check_settings():
    # In one session: a LOAD is what makes them known.
    printed = server.Psql(DATABASE)
    answer = printed.run("LOAD 'slashguard-%s';\n\\pset tuples_only on\n\\pset format unaligned\n"
                         "SELECT name, boot_val, context FROM pg_settings WHERE name LIKE 'slashguard.%%';" % version())
    printed.close()
    real = [line.split("|") for line in answer.splitlines() if line.startswith("slashguard.")]
    listed = [(code(row[0])[0], code(row[1])[0]) for row in manual.table("Settings", "setting")]
    check("every setting is listed with its default", difference(
        "setting", (f"{name} = {default}" for name, default in listed), (f"{name} = {default}" for name, default, _ in real)))
    check("only a superuser may change a setting", (
        f"{name} has the context {context}" for name, _, context in real if context != "superuser"))


def check_duty_types():
    types = server.rows(DATABASE, """
        SELECT rules, name, protected, is_alias, by_epochs, by_request_id, least_block_index AS least, greatest_block_index AS greatest
          FROM slashguard.duty_type""")

    def described(row):
        index = "0 and up" if row["least"] == 0 and row["greatest"] is None else str(row["least"])
        kind = "protected" if row["protected"] else "not protected"
        marks = ", alias" * row["is_alias"] + ", by epochs" * row["by_epochs"] + ", by request id" * row["by_request_id"]
        return f"{row['rules']} {row['name']}: {index}, {kind}{marks}"

    def listed(row):
        kind = "protected" if row[3].startswith("yes") else "not protected"
        marks = "".join(
            f", {mark}" for mark, words in [("alias", "another name"), ("by epochs", "by epochs"), ("by request id", "by request id")]
            if words in row[3])
        return f"{row[1]} {code(row[0])[0]}: {row[2]}, {kind}{marks}"

    check("every duty type is listed", difference(
        "duty type", map(listed, manual.table("Duty types", "duty type")), map(described, types)))


def check_messages():
    code_of = source("src/**/*.rs", "sql/*.sql")
    fragments = [text for row in manual.table("Troubleshooting", "message") for text in code(row[0])]
    check("every message is one of slashguard's", (f"no source says: {text}" for text in fragments if text not in code_of))


def check_links():
    anchors = {page.name: {anchor(heading) for heading in page.headings()} for page in pages}

    def broken(page):
        folder = pathlib.Path(page.name).parent
        for line, target in page.links():
            path, _, heading = target.partition("#")
            file = os.path.normpath(folder / path) if path else page.name
            if not target.startswith("https://") and (
                    not pathlib.Path(file).exists() or heading and heading not in anchors.get(file, {heading})):
                yield f"{page.name}:{line} points to {target}, which is not there"

    check("links lead somewhere", (fault for page in pages for fault in broken(page)))


def check_make():
    mentioned = [(page.name, number, word)
                 for page in pages for number, line in page.prose for word in re.findall(r"`make ([a-z-]+)", line)]
    check("every make target exists", (
        f"{name}:{number} has make {word}" for name, number, word in mentioned if word not in make_targets()))


def version():
    return re.search(r"default_version = '(.*)'", pathlib.Path("slashguard.control").read_text())[1]


def check_version():
    named = re.findall(r"slashguard-(\d+\.\d+\.\d+)|version (\d+\.\d+\.\d+)", manual.text)
    faults = [f"README.md speaks of {a or b}" for a, b in named if (a or b) != version()]
    if not named:
        faults.append("README.md names no version")
    newest = re.search(r"^## (\S+)", pathlib.Path("CHANGELOG.md").read_text(), re.MULTILINE)
    if not newest or newest[1] != version():
        faults.append(f"CHANGELOG.md does not begin with {version()}")
    check(f"the version is {version()}", faults)


# The server before and after


def find_own():
    """The database of pg_cron, if nothing there stands in the way."""
    settings = server.rows("postgres", "SELECT setting FROM pg_settings WHERE name = 'cron.database_name'")
    if not settings:
        raise Fault("pg_cron is not in this server's shared_preload_libraries.")
    own = settings[0]["setting"]
    there = server.rows(own, """
        SELECT 'extension ' || extname AS what FROM pg_extension WHERE extname IN ('slashguard', 'pg_cron')
        UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname = ANY (string_to_array(:roles, ' '))""",
        roles=" ".join(ROLES))
    if there:
        raise Fault(f"In database {own} there is already: " + ", ".join(row["what"] for row in there)
                         + ". This test makes its own; remove them, or use a private server (make test-readme).")
    return own


def remove(own):
    server.run("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    for extension in ("slashguard", "pg_cron"):
        server.run(own, f"DROP EXTENSION IF EXISTS {extension} CASCADE")
    for role in ROLES:
        server.run(own, f"DROP ROLE IF EXISTS {role}")


LISTS = [
    check_functions, check_comments, check_views, check_outcomes, check_codes, check_options, check_settings,
    check_duty_types, check_messages, check_links, check_make, check_version,
]


def main():
    try:
        own = find_own()
        server.run("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.run("postgres", f"CREATE DATABASE {DATABASE}")
        try:
            run_examples(own)
            for check_list in LISTS:
                try:
                    check_list()
                except (Fault, LookupError, TypeError) as error:
                    check(check_list.__name__, [f"{type(error).__name__}: {error}"])
        finally:
            remove(own)
    except Fault as error:
        check("the server is ready", [str(error)])
    print(f"{counted['passed']} passed, {counted['failed']} failed")
    return 1 if counted["failed"] or not counted["passed"] else 0


sys.exit(main())
