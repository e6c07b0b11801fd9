// What ethers says of each case: its digest, one a line. Called by run.
import { TypedDataEncoder } from "ethers";
import { readFileSync, writeFileSync } from "node:fs";

const made = process.argv[2];
const cases = readFileSync(`${made}/cases.jsonl`, "utf8").trimEnd().split("\n");
const digests = cases.map((line) => {
  const { types, primary, domain, message, ethers } = JSON.parse(line);
  if (!ethers) return "";
  if (TypedDataEncoder.from(types).primaryType !== primary) throw new Error(`ethers finds another primary type: ${line}`);
  return TypedDataEncoder.hash(domain, types, message).slice(2);
});
writeFileSync(`${made}/ethers.txt`, digests.map((digest) => digest + "\n").join(""));
