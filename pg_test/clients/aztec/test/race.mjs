import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  LIMIT,
  ProcessNode,
  Validator,
  assertAllAreAlreadySigned,
  attestation,
  attestationsAndSigners,
  blockProposal,
  checkpointProposal,
  claimsFor,
  governanceVote,
  newHash,
  newRollup,
  owner,
  recorded,
  settle,
  signaturesMade,
  slashingProtection,
  slashingVote,
  startNodes,
  until,
} from './nodes.mjs';

test('ten signers, one duty: one signs, nine learn that it is signed', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const messageHash = newHash();
  const duty = attestation(rollup.slot);
  const waiting = () => {
    const answers = claimsFor(rollup, validator, duty).filter(({ answer }) => answer.outcome === 'in_progress');
    return new Set(answers.map(({ node }) => node)).size;
  };

  // The winner signs once all others know that somebody is at it, so that all of them have to wait for it.
  const { signed, refused } = await settle(
    startNodes(t, 10, rollup).map(node =>
      node.sign(validator, messageHash, duty, { beforeSigning: () => until(() => waiting() === 9) }),
    ),
  );

  const made = signaturesMade(rollup, validator, duty);
  assert.equal(made.length, 1);
  assert.equal(signed.length, 1);
  assert.equal(refused.length, 9);
  assertAllAreAlreadySigned(refused, made[0].node);
  assert.ok(validator.made(signed[0], messageHash));
  assert.equal(await recorded(rollup, validator, duty, messageHash), signed[0].toString());
});

test('three nodes, each with a block of its own: one wins, two never sign', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const nodes = await Promise.all([1, 2, 3].map(i => ProcessNode.start(t, `process-${i}`, rollup)));
  const hashes = new Map(nodes.map(node => [node.nodeId, newHash()]));

  const { signed, refused } = await settle(nodes.map(node => node.sign(validator, hashes.get(node.nodeId), duty)));

  const made = signaturesMade(rollup, validator, duty);
  assert.equal(made.length, 1);
  assert.equal(signed.length, 1);
  assert.equal(refused.length, 2);
  const losers = [...hashes.values()].map(String).filter(hash => hash !== made[0].messageHash);
  const attempted = refused.map(error => {
    slashingProtection(made[0].messageHash, error.attemptedMessageHash, made[0].node)(error);
    return error.attemptedMessageHash;
  });
  assert.deepEqual(attempted.sort(), losers.sort());
  assert.equal(await recorded(rollup, validator, duty, made[0].messageHash), signed[0]);
});

test('a committee of 48 attests from three nodes at once: each signs once', LIMIT, async t => {
  const rollup = await newRollup();
  const committee = Array.from({ length: 48 }, () => new Validator());
  const duty = attestation(rollup.slot);
  const messageHash = newHash();
  const nodes = startNodes(t, 3, rollup);

  const outcomes = await Promise.all(
    committee.map(validator => settle(nodes.map(node => node.sign(validator, messageHash, duty)))),
  );

  for (const [i, { signed, refused }] of outcomes.entries()) {
    const made = signaturesMade(rollup, committee[i], duty);
    assert.equal(made.length, 1);
    assert.equal(signed.length, 1);
    assert.equal(refused.length, 2);
    assertAllAreAlreadySigned(refused, made[0].node);
    assert.ok(committee[i].made(signed[0], messageHash));
    assert.equal(await recorded(rollup, committee[i], duty, messageHash), signed[0].toString());
  }
});

test('a slot with ten blocks, a checkpoint and votes: every duty is one of its own', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duties = [
    ...Array.from({ length: 10 }, (_, index) => blockProposal(rollup.slot, index)),
    checkpointProposal(rollup.slot),
    attestation(rollup.slot),
    attestationsAndSigners(rollup.slot),
    governanceVote(rollup.slot),
    slashingVote(rollup.slot),
  ];
  const hashes = duties.map(newHash);
  const nodes = startNodes(t, 2, rollup);

  for (const [i, duty] of duties.entries()) {
    const { signed, refused } = await settle(nodes.map(node => node.sign(validator, hashes[i], duty)));
    const made = signaturesMade(rollup, validator, duty);
    assert.equal(made.length, 1);
    assert.equal(signed.length, 1);
    assert.equal(refused.length, 1);
    assertAllAreAlreadySigned(refused, made[0].node);
    assert.equal(await recorded(rollup, validator, duty, hashes[i]), signed[0].toString());
  }

  // The signer carries block and checkpoint numbers in one field; the ledger keeps them apart.
  const { rows } = await owner.query(
    `SELECT duty_type, block_index, block_number, checkpoint_number FROM slashguard.duties
     WHERE chain = $1 ORDER BY duty_type COLLATE "C", block_index`,
    [rollup.chain],
  );
  assert.deepEqual(
    rows.map(row => [row.duty_type, row.block_index, row.block_number, row.checkpoint_number]),
    [
      ['ATTESTATION', -1, '700', null],
      ['ATTESTATIONS_AND_SIGNERS', -1, '700', null],
      ...Array.from({ length: 10 }, (_, index) => ['BLOCK_PROPOSAL', index, `${700 + index}`, null]),
      ['CHECKPOINT_PROPOSAL', -1, null, '70'],
      ['GOVERNANCE_VOTE', -1, null, null],
      ['SLASHING_VOTE', -1, null, null],
    ],
  );
});
