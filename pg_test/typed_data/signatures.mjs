// Signatures by ethers, right and wrong ones, and what ethers says of each. Called by run.
// A line: what was done to it, digest, signature, the signer's address and public keys, and whom ethers recovers.
import { Signature, SigningKey, computeAddress, concat, getBytes, hashMessage, hexlify, id, keccak256, recoverAddress, toBeHex } from "ethers";
import { writeFileSync } from "node:fs";

const [made, seed, count] = process.argv.slice(2);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const flipped = (hex, bit) => {
  const bytes = getBytes(hex).slice();
  bytes[bit >> 3] ^= 1 << (bit & 7);
  return hexlify(bytes);
};
const kinds = {
  whole: (s) => s,
  parity: (s) => ({ ...s, v: s.v - 27 }),
  "other digest": (s, bit) => ({ ...s, digest: flipped(s.digest, bit) }),
  "other r": (s, bit) => ({ ...s, r: flipped(s.r, bit) }),
  "other s": (s, bit) => ({ ...s, s: flipped(s.s, bit) }),
  "other v": (s) => ({ ...s, v: 55 - s.v }),
  "high s": (s) => ({ ...s, s: toBeHex(ORDER - BigInt(s.s), 32), v: 55 - s.v }),
  "bad v": (s, bit) => ({ ...s, v: [2, 3, 26, 29, 35, 255][bit % 6] }),
};

const recovered = ({ digest, r, s, v }) => {
  try {
    // v = 2 and above would mean other things to ethers: chains of EIP-155.
    if (![0, 1, 27, 28].includes(v)) return "";
    return recoverAddress(digest, Signature.from({ r, s, v: v < 27 ? v + 27 : v }));
  } catch {
    return "";
  }
};

const lines = [];
for (let at = 0; at < count; at += 1) {
  const key = new SigningKey(id(`key ${seed} ${at}`));
  const digest = at % 2 === 0 ? id(`digest ${seed} ${at}`) : hashMessage(`digest ${seed} ${at}`);
  const { r, s, v } = key.sign(digest);
  const bit = Number(BigInt(keccak256(r)) % 256n);
  const kind = at % 2 === 0 ? "whole" : Object.keys(kinds)[((at - 1) / 2) % Object.keys(kinds).length];
  const changed = kinds[kind]({ digest, r, s, v }, bit);
  const signature = concat([changed.r, changed.s, toBeHex(changed.v, 1)]);
  lines.push([kind, changed.digest, signature, computeAddress(key.publicKey), key.publicKey, key.compressedPublicKey, recovered(changed)]);
}
writeFileSync(`${made}/signatures.csv`, lines.map((line) => line.join(",") + "\n").join(""));

// Hashes and personal messages of every length around the block of the hash.
const messages = [];
for (let length = 0; length < 600; length += 1) {
  const bytes = getBytes(concat(Array.from({ length: Math.ceil(length / 32) }, (_, part) => id(`${seed} ${length} ${part}`)))).slice(0, length);
  messages.push([hexlify(bytes), keccak256(bytes), hashMessage(bytes)]);
}
writeFileSync(`${made}/messages.csv`, messages.map((line) => line.join(",") + "\n").join(""));
