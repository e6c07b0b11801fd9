"""Random typed structures, for the server and for ethers, with eth-account's digest of each. Called by run.

cases.jsonl   what ethers is given, and eth-account's digest
server.csv    what the server is given, with other spellings of the same values
broken.csv    structures with one fault, its path, and the SQLSTATE of it
"""

import csv
import json
import pathlib
import random
import sys

from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_utils import to_checksum_address

made, seed, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
# For each of the structures so many more have null structs and types that refer to themselves, which ethers does not take.
NULLS = 0.1
# And so many have one fault each.
BROKEN = 0.1

DOMAIN = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32")]
ATOMIC = (["address", "bool", "string", "bytes"] * 8 + [f"bytes{n}" for n in range(1, 33)]
          + [f"{sign}int{bits}" for bits in range(8, 257, 8) for sign in ("u", "")])
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"
CHARACTERS = "ab Z09\"\\/{}[],:'`\n\t\r\x01\x7f\u00e9\u00df\u0416\u4e2d\ud7ff\ufeff\uffff\U0001f600\U0010ffff"


class Value:
    """One value, as each of the three is given it."""

    def __init__(self, server, ethers, account):
        self.server, self.ethers, self.account = server, ethers, account


class Number(str):
    """Digits that are to stand in JSON as they are."""


def written(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=random.random() < 0.5)


def identifier(taken):
    while True:
        name = random.choice(LETTERS) + "".join(random.choices(LETTERS + "0123456789", k=random.choice([0, 1, 2, 5, 20])))
        if name not in taken and name not in ATOMIC and name not in ("constructor", "__proto__", "toString"):
            taken.add(name)
            return name


def dimensions():
    text = ""
    while random.random() < 0.25 and text.count("[") < 4:
        text += random.choice(["[]", "[]", "[1]", "[2]", "[3]"])
    return text


def make_types(recursive):
    """A primary type and what hangs on it: types in a row, each with fields of later ones."""
    taken = {"EIP712Domain"}
    names = [identifier(taken) for _ in range(random.choice([1, 1, 2, 3, 4, 6]))]
    types = {}
    for place, name in enumerate(names):
        fields_taken, fields = set(), []
        for _ in range(random.choice([0, 1, 2, 3, 4, 5, 8]) if place else random.choice([1, 2, 3, 5, 8])):
            later = names[place + 1 :]
            base = random.choice(later) if later and random.random() < 0.35 else random.choice(ATOMIC)
            fields.append({"name": identifier(fields_taken), "type": base + dimensions()})
        types[name] = (fields, fields_taken)
    # No type is left that nothing refers to: the primary one could not be told then.
    for place, name in enumerate(names[1:], 1):
        fields, fields_taken = types[random.choice(names[:place])]
        fields.insert(random.randint(0, len(fields)), {"name": identifier(fields_taken), "type": name + dimensions()})
    if recursive:
        for place, name in enumerate(names):
            if place == 0 or random.random() < 0.5:
                fields, fields_taken = types[name]
                # To itself, or back to one that it hangs on; the primary one only to itself.
                base = random.choice(names[1 : place + 1] or [name])
                fields.insert(random.randint(0, len(fields)), {"name": identifier(fields_taken), "type": base + random.choice(["", "[]"])})
    order = names[:]
    random.shuffle(order)
    return names[0], {name: types[name][0] for name in order}


def number(bits, signed):
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    value = random.choice([
        least, most, 0, 1, least + 1, most - 1, random.randint(least, most), random.randint(least, most),
        max(least, min(most, random.randint(-1000, 1000))), max(least, min(most, 2 ** random.randint(0, bits - 1))),
    ])
    sign, size = ("-", -value) if value < 0 else ("", value)
    spelled = random.choice([
        Number(value), Number(value), Number(f"{value}.0"), str(value), f"{sign}0x{size:x}", f"{sign}0X{size:X}", f"{sign}00{size}",
    ])
    return Value(spelled, str(value), value)


def octets(length):
    value = random.choice([bytes(length), b"\xff" * length, random.randbytes(length), random.randbytes(length)])
    text = value.hex()
    return Value("0x" + random.choice([text, text.upper()]), "0x" + text, value)


def text():
    value = "".join(random.choices(CHARACTERS, k=random.choice([0, 1, 3, 10, 31, 32, 33, 64, 135, 136, 137, 200])))
    value = random.choice([value, value, "0x" + value.encode().hex(), str(random.randint(0, 10**20))])
    return Value(value, value, value)


def address():
    value = "0x" + random.choice([bytes(20), random.randbytes(20), random.randbytes(20)]).hex()
    checksummed = to_checksum_address(value)
    spellings = [value, checksummed, "0x" + value[2:].upper()]
    return Value(random.choice(spellings), random.choice(spellings[:2]), checksummed)


def atomic(kind):
    if kind == "bool":
        value = random.random() < 0.5
        return Value(value, value, value)
    if kind == "address":
        return address()
    if kind == "string":
        return text()
    if kind == "bytes":
        return octets(random.choice([0, 1, 31, 32, 33, 100, random.randint(0, 300)]))
    if kind.startswith("bytes"):
        return octets(int(kind[5:]))
    return number(int(kind.lstrip("uint")), kind.startswith("int"))


def make_value(types, kind, depth, nulls):
    if kind.endswith("]"):
        inner, length = kind[: kind.rindex("[")], kind[kind.rindex("[") + 1 : -1]
        size = int(length) if length else random.choice([0, 1, 2, 3] if depth < 4 else [0, 1])
        if nulls and depth > 5 and not length:
            size = 0
        items = [make_value(types, inner, depth + 1, nulls) for _ in range(size)]
        return Value([item.server for item in items], [item.ethers for item in items], [item.account for item in items])
    if kind not in types:
        return atomic(kind)
    if nulls and depth > 0 and (depth > 5 or random.random() < 0.3):
        return Value(None, None, None)
    fields = [(field["name"], make_value(types, field["type"], depth + 1, nulls)) for field in types[kind]]
    shuffled = random.sample(fields, len(fields))
    server = {name: value.server for name, value in shuffled}
    if random.random() < 0.1:
        # What a type does not list is not signed.
        server.setdefault("unlisted", random.choice([1, "x", None, {"a": []}]))
    return Value(server, {name: value.ethers for name, value in fields}, {name: value.account for name, value in fields})


def make_domain():
    fields = [field for field in DOMAIN if random.random() < 0.6]
    values = [(name, atomic(kind)) for name, kind in fields]
    random.shuffle(values)
    return fields, Value(*({name: getattr(value, side) for name, value in values} for side in ("server", "ethers", "account")))


def places(types, kind, path, holder, key):
    """Every value in a message but the message itself: its path, its type, and where it is held."""
    value = holder[key]
    if path != "message":
        yield path, kind, holder, key
    if kind.endswith("]"):
        for index in range(len(value)):
            yield from places(types, kind[: kind.rindex("[")], f"{path}[{index}]", value, index)
    elif kind in types:
        for field in types[kind]:
            yield from places(types, field["type"], f"{path}.{field['name']}", value, field["name"])


def beyond(bits, signed):
    value = random.choice([-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)] if signed else [-1, 2**bits, -(2**bits) + 1, 2**bits * 1000])
    sign = "-" if value < 0 else ""
    return random.choice([Number(value), str(value), f"{sign}0x{abs(value):x}"])


def fault(kind):
    """What is no value of a type, and the SQLSTATE that says so."""
    if kind.endswith("]"):
        length = kind[kind.rindex("[") + 1 : -1]
        if length and random.random() < 0.5:
            return [None] * (int(length) + random.choice([-1, 1])), "22023"
        return random.choice([None, "x", {}, 1, False]), "22P02"
    if kind == "bool":
        return random.choice([None, 0, 1, "true", "", []]), "22P02"
    if kind == "string":
        return random.choice([None, 0, True, [], {}]), "22P02"
    if kind == "address":
        whole = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
        return random.choice([None, 0, "", "0x", whole[:-2], whole + "00", whole[2:], whole.replace("fB", "Fb"), [whole]]), "22P02"
    if kind == "bytes":
        return random.choice([None, 0, "", "00", "0x0", "0xgg", "0x 00", []]), "22P02"
    if kind.startswith("bytes"):
        length = int(kind[5:])
        return random.choice([None, 0, "", "0x", "0x" + "00" * (length + 1), "0x" + "00" * (length - 1), "0x" + "0" * (2 * length - 1)]), "22P02"
    if kind.lstrip("u").startswith("int") and kind in ATOMIC:
        if random.random() < 0.6:
            return beyond(int(kind.lstrip("uint")), kind.startswith("int")), "22003"
        return random.choice([None, True, "", " 1", "1 ", "+1", "1.0", "1e2", "0x", "0xg", "--1", Number("0.5"), [1], {}]), "22P02"
    return random.choice(["x", [], 1, False]), "22P02"


def make_broken():
    """None where a message has no values."""
    primary, types = make_types(False)
    message = {"message": make_value(types, primary, 0, False).server}
    found = list(places(types, primary, "message", message, "message"))
    if not found:
        return None
    path, kind, holder, key = random.choice(found)
    if isinstance(holder, dict) and random.random() < 0.1:
        del holder[key]
        code = "22023"
    else:
        holder[key], code = fault(kind)
        if kind in types and holder[key] is None:
            raise AssertionError("null is a value of a struct")
    fields, domain = make_domain()
    return path, code, written({"types": types, "primaryType": primary, "domain": domain.server, "message": message["message"]})


random.seed(seed)
with open(made / "cases.jsonl", "w") as cases, open(made / "server.csv", "w", newline="") as server:
    rows = csv.writer(server)
    for case in range(count + int(count * NULLS)):
        nulls = case >= count
        primary, types = make_types(nulls)
        message = make_value(types, primary, 0, nulls)
        fields, domain = make_domain()
        signable = encode_typed_data(domain.account, {name: types[name] for name in types}, message.account)
        digest = _hash_eip191_message(signable).hex()
        cases.write(json.dumps({
            "types": types, "primary": primary, "domain": domain.ethers, "message": message.ethers,
            "ethers": not nulls, "digest": digest,
        }) + "\n")
        listed = dict(types)
        if random.random() < 0.5:
            listed["EIP712Domain"] = [{"name": name, "type": kind} for name, kind in fields]
        rows.writerow([case, written({"types": listed, "primaryType": primary, "domain": domain.server, "message": message.server})])
broken = []
while len(broken) < count * BROKEN:
    broken.extend(filter(None, [make_broken()]))
with open(made / "broken.csv", "w", newline="") as file:
    csv.writer(file).writerows(broken)
print(f"made {count}, {len(broken)} with a fault, and {int(count * NULLS)} with null structs and types that refer to themselves")
