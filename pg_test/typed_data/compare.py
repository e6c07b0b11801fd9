"""Holds the server's answers against those of ethers, eth-account, libsodium, Milagro and noble. Called by run; prints the suite's last line."""

import collections
import csv
import json
import pathlib
import sys

made, seed = pathlib.Path(sys.argv[1]), sys.argv[2]
csv.field_size_limit(2**30)
HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
passed = failed = 0


def lines(name):
    return (made / name).read_text().splitlines()


def table(name):
    with open(made / name, newline="") as file:
        return list(csv.reader(file))


def hold(what, right, *shown):
    global passed, failed
    if right:
        passed += 1
        return
    failed += 1
    if failed <= 10:
        print(f"FAILED (seed {seed}): {what}")
        for line in shown:
            print(f"    {line}")


cases, ethers, server, given = lines("cases.jsonl"), lines("ethers.txt"), table("server.txt"), table("server.csv")
hold("every structure is answered", len(cases) == len(ethers) == len(server) == len(given) > 0)
compared = collections.Counter()
for number, (case, of_ethers, (whole, parts), (_, asked)) in enumerate(zip(cases, ethers, server, given)):
    case = json.loads(case)
    right = whole == parts == case["digest"] and (of_ethers == whole or not case["ethers"])
    compared["with both" if case["ethers"] else "with eth-account"] += 1
    hold(f"structure {number}", right, f"server {whole}, in parts {parts}",
         f"ethers {of_ethers or 'was not asked'}, eth-account {case['digest']}", asked[:2000])
print(f"structures: {compared['with both']} compared with ethers and eth-account, {compared['with eth-account']} with eth-account alone")

broken, refused = table("broken.csv"), table("refused.csv")
hold("every fault is answered", len(broken) == len(refused) > 0)
codes = collections.Counter()
for (path, code, data), (refusal, message) in zip(broken, refused):
    codes[code] += 1
    hold("a fault is named", refusal == code and message.startswith(f"{path}: "), f"{code} {path}", f"{refusal} {message}", data[:2000])
print("faults: " + ", ".join(f"{many} {code}" for code, many in sorted(codes.items())))

signed, eth_keys, answers = table("signatures.csv"), lines("eth_keys.txt"), table("recovered.csv")
hold("every signature is answered", len(signed) == len(eth_keys) == len(answers) > 0)
kinds = collections.Counter()
for number, (line, of_keys, answer) in enumerate(zip(signed, eth_keys, answers)):
    kind, _, signature, address, _, _, of_ethers = line
    by_text, by_bytes, *verified, whole, compressed, bare, binary = answer
    if int(signature[66:130], 16) > HALF:
        # Others take it, or take it up to 2^255: here it is nobody's.
        of_ethers = of_keys = ""
    kinds[kind, "recovered" if by_text else "refused"] += 1
    expected = "t" if of_ethers == address else "f"
    right = (by_text == by_bytes == of_ethers == of_keys and verified == [expected] * 5
             and whole == compressed == bare == address and binary == address.lower())
    if kind in ("whole", "parity"):
        right = right and by_text == address
    if kind in ("high s", "bad v"):
        right = right and by_text == ""
    hold(f"signature {number} ({kind})", right, f"server {answer}", f"ethers {of_ethers}, eth-keys {of_keys}", *line)
for (kind, outcome), many in sorted(kinds.items()):
    print(f"signatures, {kind}: {many} {outcome}")

schemes, noble, verified = table("schemes.csv"), table("noble.csv"), table("verified.csv")
hold("every signature of other schemes is answered", len(schemes) == len(noble) == len(verified) > 0)
kinds = collections.Counter()
for line, (of_noble, made_by_noble), (by_text, by_bytes) in zip(schemes, noble, verified):
    scheme, kind, _, _, signature, _, verdict = line
    whole = kind == "whole"
    kinds[scheme, by_text if by_text == "no key" else "verified" if by_text == "true" else "refused"] += 1
    right = by_text == by_bytes and (by_text == "true") == whole and of_noble == verdict == ("t" if whole else "f")
    hold(f"a signature of {scheme} ({kind})", right and made_by_noble == (signature if whole else ""),
         f"server {by_text}, {by_bytes}", f"noble {of_noble} {made_by_noble}, the library that made it {verdict}", *line)
for (scheme, outcome), many in sorted(kinds.items()):
    print(f"signatures of {scheme}: {many} {outcome}")

messages, hashes = table("messages.csv"), table("hashes.csv")
hold("every message is answered", len(messages) == len(hashes) > 0)
for (message, hash, personal), answer in zip(messages, hashes):
    hold("the hashes of a message", answer == [hash, hash, personal, personal], message, *answer)
print(f"hashes: {len(messages)} messages")

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
