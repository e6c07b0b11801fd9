// What noble says of the signatures of ed25519 and BLS12-381, and the ones it makes itself with the same secrets. Called by run.
import { bls12_381 } from "@noble/curves/bls12-381";
import { ed25519 } from "@noble/curves/ed25519";
import { readFileSync, writeFileSync } from "node:fs";

const [made] = process.argv.slice(2);
// The ciphersuite of Ethereum's consensus.
const suite = { DST: "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_" };

const verdict = (verify) => {
  try {
    return verify() ? "t" : "f";
  } catch {
    return "f";
  }
};
const schemes = {
  ed25519: {
    // As RFC 8032 has it, and not as ZIP 215, which takes more.
    verify: (digest, signature, key) => ed25519.verify(signature, digest, key, { zip215: false }),
    sign: (digest, secret) => ed25519.sign(digest, secret),
  },
  "BLS12-381": {
    verify: (digest, signature, key) => {
      // Its pairing does not ask whether the points are in their subgroups.
      bls12_381.G1.ProjectivePoint.fromHex(key).assertValidity();
      bls12_381.Signature.fromHex(signature).assertValidity();
      return bls12_381.verify(signature, digest, key, suite);
    },
    sign: (digest, secret) => bls12_381.sign(digest, secret, suite),
  },
};

const answers = readFileSync(`${made}/schemes.csv`, "utf8").trim().split(/\r?\n/).map((line) => {
  const [scheme, , secret, ...parts] = line.split(",");
  const { verify, sign } = schemes[scheme];
  const [digest, signature, key] = parts.slice(0, 3).map((part) => part.slice(2));
  const own = secret === "" ? "" : "0x" + Buffer.from(sign(digest, secret)).toString("hex");
  return `${verdict(() => verify(digest, signature, key))},${own}\n`;
});
writeFileSync(`${made}/noble.csv`, answers.join(""));
