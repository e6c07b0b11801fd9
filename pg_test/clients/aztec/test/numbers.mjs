import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SlotNumber } from '@aztec/foundation/branded-types';

import {
  LIMIT,
  Validator,
  attestation,
  blockProposal,
  newHash,
  newRollup,
  outcomesFor,
  owner,
  recorded,
  signaturesMade,
  slashingProtection,
  startNodes,
} from './nodes.mjs';

test('slots at and above 2^53-1 are told apart exactly', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const [node, second] = startNodes(t, 2, rollup);
  // Neighbours that a floating-point number cannot tell apart, and the last slot there is.
  const slots = [
    SlotNumber(Number.MAX_SAFE_INTEGER),
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 60n,
    2n ** 60n + 1n,
    2n ** 63n - 2n,
    2n ** 63n - 1n,
  ];
  const hashes = slots.map(newHash);

  for (const [i, slot] of slots.entries()) {
    const duty = blockProposal(slot);
    const signature = await node.sign(validator, hashes[i], duty);
    assert.ok(validator.made(signature, hashes[i]));
    assert.equal(await recorded(rollup, validator, duty, hashes[i]), signature.toString());
  }
  for (const [i, slot] of slots.entries()) {
    const other = newHash();
    await assert.rejects(
      second.sign(validator, other, blockProposal(slot)),
      slashingProtection(hashes[i], other, 'node-1'),
    );
  }

  const { rows } = await owner.query('SELECT slot::text FROM slashguard.duties WHERE chain = $1 ORDER BY duties.slot', [
    rollup.chain,
  ]);
  assert.deepEqual(
    rows.map(row => row.slot),
    slots.map(String),
  );
});

test('a block number above 2^53 is kept exactly', LIMIT, async t => {
  const rollup = await newRollup();
  const [node] = startNodes(t, 1, rollup);

  await node.sign(new Validator(), newHash(), { ...attestation(rollup.slot), blockNumber: 2n ** 60n + 1n });

  const { rows } = await owner.query('SELECT block_number::text FROM slashguard.duties WHERE chain = $1', [rollup.chain]);
  assert.deepEqual(rows, [{ block_number: '1152921504606846977' }]);
});

test('a slot that was rounded before it came here is not signed, nor one that a bigint cannot hold', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const [node] = startNodes(t, 1, rollup);

  const rounded = blockProposal(SlotNumber(2 ** 53));
  await assert.rejects(node.sign(validator, newHash(), rounded), RangeError);
  assert.deepEqual(outcomesFor(rollup, validator, rounded), []);
  assert.equal(signaturesMade(rollup, validator, rounded).length, 0);

  const tooGreat = blockProposal(2n ** 63n);
  await assert.rejects(node.sign(validator, newHash(), tooGreat), { code: '22003' });
  assert.deepEqual(outcomesFor(rollup, validator, tooGreat), ['error 22003']);
  assert.equal(signaturesMade(rollup, validator, tooGreat).length, 0);
});
