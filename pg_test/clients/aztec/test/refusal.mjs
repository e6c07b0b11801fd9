import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DutyType } from '@aztec/validator-ha-signer/types';

import { DutyRefusedError } from '../slashguard_database.mjs';
import {
  LIMIT,
  Node,
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

const refusedWith = outcome => error => {
  assert.ok(error instanceof DutyRefusedError, `expected DutyRefusedError, got ${error.stack}`);
  assert.equal(error.outcome, outcome);
  assert.ok(error.reason.length > 0);
  assert.ok(error.message.includes(error.reason));
  return true;
};

test('a slashing attempt is refused after the signature', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [honest, attacker] = startNodes(t, 2, rollup);
  const [messageHash, other] = [newHash(), newHash()];

  const signature = await honest.sign(validator, messageHash, duty);
  await assert.rejects(attacker.sign(validator, other, duty), slashingProtection(messageHash, other, 'node-1'));
  await assert.rejects(honest.sign(validator, other, duty), slashingProtection(messageHash, other, 'node-1'));

  assert.deepEqual(outcomesFor(rollup, validator, duty), ['acquired', 'conflict', 'conflict']);
  assert.equal(signaturesMade(rollup, validator, duty).length, 1);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('a slashing attempt is refused at once while the first is still signing', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [honest, attacker] = startNodes(t, 2, rollup);
  const [messageHash, other] = [newHash(), newHash()];

  // The attempt begins and ends inside the first signer's signing function. With its time limit of an hour, a signer
  // that was told to wait would still be waiting; and it asked only once.
  const signature = await honest.sign(validator, messageHash, duty, {
    beforeSigning: () =>
      assert.rejects(attacker.sign(validator, other, duty), slashingProtection(messageHash, other, 'node-1')),
  });

  assert.deepEqual(outcomesFor(rollup, validator, duty), ['acquired', 'conflict']);
  assert.equal(signaturesMade(rollup, validator, duty).length, 1);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('the same duty on two rollups in one database: both sign', LIMIT, async t => {
  const rollups = [await newRollup(), await newRollup()];
  const validator = new Validator();
  const duty = blockProposal(rollups[0].slot);
  const hashes = [newHash(), newHash()];
  const nodes = rollups.map(rollup => startNodes(t, 1, rollup)[0]);

  const signatures = await Promise.all(nodes.map((node, i) => node.sign(validator, hashes[i], duty)));

  // The package cleans up "outdated rollups" when a signer starts: the other rollup's history is none.
  await new Node('newcomer', rollups[1], { maintain: true, role: process.env.AZTEC_KEEPER_ROLE }).cleanUpOnce();
  for (const [i, rollup] of rollups.entries()) {
    assert.ok(validator.made(signatures[i], hashes[i]));
    assert.equal(await recorded(rollup, validator, duty, hashes[i]), signatures[i].toString());
    await assert.rejects(
      nodes[i].sign(validator, hashes[1 - i], duty),
      slashingProtection(hashes[i], hashes[1 - i], 'node-1'),
    );
  }
});

test('a validator that may have signed elsewhere is refused, until it is declared new', LIMIT, async t => {
  const rollup = await newRollup({ first_use: 'quarantine' });
  const validator = new Validator();
  const duty = attestation(rollup.slot);
  const [node] = startNodes(t, 1, rollup);
  const messageHash = newHash();

  await assert.rejects(node.sign(validator, messageHash, duty), refusedWith('stale'));
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);

  const declared = new Validator();
  await owner.query('SELECT slashguard.declare_new(chain => $1, validators => $2)', [
    rollup.chain,
    [declared.address.toString()],
  ]);
  const signature = await node.sign(declared, messageHash, duty);
  assert.equal(await recorded(rollup, declared, duty, messageHash), signature.toString());
});

test('a slot far ahead of the clock is halted', LIMIT, async t => {
  const rollup = await newRollup({ horizon_slots: 5 });
  const validator = new Validator();
  const duty = attestation(rollup.slot + 1000);
  const [node] = startNodes(t, 1, rollup);

  await assert.rejects(node.sign(validator, newHash(), duty), refusedWith('halted'));
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);
});

test('what needs no protection is not signed through it', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const [node] = startNodes(t, 1, rollup);

  for (const dutyType of [DutyType.AUTH_REQUEST, DutyType.TXS]) {
    const duty = { ...attestation(rollup.slot), dutyType };
    await assert.rejects(node.sign(validator, newHash(), duty), refusedWith('not_protected'));
    assert.equal(signaturesMade(rollup, validator, duty).length, 0);
  }
});

test('a rollup that no chain is configured for is not signed for', LIMIT, async t => {
  const rollup = await newRollup();
  const elsewhere = await newRollup();
  const validator = new Validator();
  const duty = attestation(rollup.slot);
  const [node] = startNodes(t, 1, { ...rollup, address: elsewhere.address }, { chains: { [rollup.address]: rollup.chain } });

  await assert.rejects(node.sign(validator, newHash(), duty), /no chain is configured for rollup/);
  assert.deepEqual(outcomesFor(rollup, validator, duty), []);
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);
});
