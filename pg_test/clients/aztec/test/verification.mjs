import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  LIMIT,
  Validator,
  attestation,
  blockProposal,
  newHash,
  newRollup,
  outcomesFor,
  recorded,
  startNodes,
} from './nodes.mjs';

const CHAIN_OF = { either: {}, eip191: { signature_scheme: 'eip191' }, digest: { signature_scheme: 'digest' } };

/** What is told where a signature is not the validator's of the message that is pinned. */
const doesNotVerify = error => {
  assert.equal(error.code, 'SG006', error.stack);
  assert.match(error.message, /signature does not verify/);
  return true;
};

test('each signature scheme takes what a signer makes by it, with both kinds of digest', LIMIT, async t => {
  const validator = new Validator();
  for (const [chain, options] of Object.entries(CHAIN_OF)) {
    const rollup = await newRollup(options);
    const [node] = startNodes(t, 1, rollup);
    for (const [slot, scheme] of [[rollup.slot, 'eip191'], [rollup.slot + 1, 'digest']]) {
      const duty = blockProposal(slot);
      const messageHash = newHash();
      if (chain !== 'either' && chain !== scheme) {
        await assert.rejects(node.sign(validator, messageHash, duty, { scheme }), doesNotVerify);
        continue;
      }
      const signature = await node.sign(validator, messageHash, duty, { scheme });
      assert.ok(validator.made(signature, messageHash, scheme));
      assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
    }
  }
});

test("another key's signature, or one of another message, is not handed out, and the duty stays with its message", LIMIT, async t => {
  const rollup = await newRollup();
  const [validator, other] = [new Validator(), new Validator()];
  const duty = attestation(rollup.slot);
  // The claim stays with whoever could not record; asked again, it is taken over when its lease is over.
  const [node] = startNodes(t, 1, rollup, { leaseMs: 200 });
  const messageHash = newHash();

  const mistaken = { address: validator.address, sign: (hash, scheme) => other.sign(hash, scheme) };
  await assert.rejects(node.sign(mistaken, messageHash, duty), doesNotVerify);
  const confused = { address: validator.address, sign: (_hash, scheme) => validator.sign(newHash(), scheme) };
  await assert.rejects(node.sign(confused, messageHash, duty), doesNotVerify);

  const signature = await node.sign(validator, messageHash, duty);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
  assert.deepEqual(outcomesFor(rollup, validator, duty).at(-1), 'acquired');
});
