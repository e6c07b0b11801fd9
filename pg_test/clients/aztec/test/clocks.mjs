import assert from 'node:assert/strict';
import { test } from 'node:test';

import { journal, note } from './journal.mjs';
import {
  FOR_EVER_MS,
  LIMIT,
  Node,
  ProcessNode,
  Validator,
  assertAllAreAlreadySigned,
  attestation,
  blockProposal,
  claimsFor,
  keyOf,
  newHash,
  newRollup,
  outcomesFor,
  owner,
  recorded,
  settle,
  signaturesMade,
  slashingProtection,
  startNodes,
} from './nodes.mjs';

const HOUR_MS = 3_600_000;
const WRONG_CLOCKS = [
  { clockOffsetMs: 2 * HOUR_MS, timeZone: 'Pacific/Auckland' },
  { clockOffsetMs: -1 * HOUR_MS, timeZone: 'America/St_Johns' },
  { clockOffsetMs: 3 * HOUR_MS, timeZone: 'UTC' },
];

/** Three nodes whose clocks are at +2 h, -1 h and +3 h. */
async function nodesWithWrongClocks(t, rollup, settings) {
  const before = Date.now();
  const nodes = await Promise.all(
    WRONG_CLOCKS.map((clock, i) => ProcessNode.start(t, `clock-${i + 1}`, rollup, { ...clock, ...settings })),
  );
  const after = Date.now();
  for (const [i, { clockOffsetMs }] of WRONG_CLOCKS.entries()) {
    assert.ok(before <= nodes[i].now - clockOffsetMs && nodes[i].now - clockOffsetMs <= after, 'the clock is as wrong as it should be');
  }
  return nodes;
}

test('clocks at +2 h, -1 h, +3 h: one signs, the lease is counted by the server, other data is refused', LIMIT, async t => {
  const rollup = await newRollup();
  const nodes = await nodesWithWrongClocks(t, rollup, { leaseMs: FOR_EVER_MS });

  // Each node is the first to ask once, so that each clock has started a lease.
  for (const first of nodes) {
    const validator = new Validator();
    const duty = blockProposal(rollup.slot);
    const [messageHash, other] = [newHash(), newHash()];
    const others = nodes.filter(node => node !== first);

    const { rows } = await owner.query(`SELECT clock_timestamp() AS now`);
    const signature = await first.sign(validator, messageHash, duty);
    const { rows: later } = await owner.query(`SELECT clock_timestamp() AS now`);
    const [{ answer }] = claimsFor(rollup, validator, duty);
    const leaseStart = new Date(answer.expires_at).getTime() - FOR_EVER_MS;
    assert.ok(rows[0].now.getTime() <= leaseStart && leaseStart <= later[0].now.getTime());

    const { refused } = await settle(others.map(node => node.sign(validator, messageHash, duty)));
    assert.equal(refused.length, 2);
    assertAllAreAlreadySigned(refused, first.nodeId);
    for (const node of nodes) {
      await assert.rejects(node.sign(validator, other, duty), slashingProtection(messageHash, other, first.nodeId));
    }
    assert.equal(await recorded(rollup, validator, duty, messageHash), signature);
  }

  // And all three at once.
  const validator = new Validator();
  const duty = attestation(rollup.slot);
  const messageHash = newHash();
  const { signed, refused } = await settle(nodes.map(node => node.sign(validator, messageHash, duty)));
  assert.equal(signed.length, 1);
  assert.equal(refused.length, 2);
  const made = signaturesMade(rollup, validator, duty);
  assert.equal(made.length, 1);
  assertAllAreAlreadySigned(refused, made[0].node);
});

test('clean-ups of nodes at +2 h, -1 h, +3 h touch what is old by the server, and nothing else', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const nodes = await nodesWithWrongClocks(t, rollup, {
    maintain: true,
    role: process.env.AZTEC_KEEPER_ROLE,
    config: { maxStuckDutiesAgeMs: 0.5 * HOUR_MS, cleanupOldDutiesAfterHours: 1 },
  });
  const [witness] = startNodes(t, 1, rollup, { config: { signingTimeoutMs: 0 } });
  const [messageHash, other] = [newHash(), newHash()];

  // Two hours ago, that is 100 slots; half an hour ago; now; and in five hours, by a node that was ahead of its time.
  const old = blockProposal(rollup.slot - 100);
  const recent = blockProposal(rollup.slot - 25);
  const current = blockProposal(rollup.slot);
  const future = blockProposal(rollup.slot + 250);
  for (const duty of [old, recent, current, future]) {
    await witness.sign(validator, messageHash, duty);
  }

  // Now every clean-up runs inside the signing function of a duty under way, whose lease is running.
  const underWay = attestation(rollup.slot);
  const signature = await witness.sign(validator, messageHash, underWay, {
    beforeSigning: async () => {
      for (const node of nodes) {
        await node.cleanUpOnce();
        await assert.rejects(
          node.sign(validator, other, underWay),
          slashingProtection(messageHash, other, 'node-1'),
        );
      }
      const { refused } = await settle([witness.sign(validator, messageHash, underWay)]);
      assert.equal(refused.length, 1);
      assertAllAreAlreadySigned(refused, 'unknown (timeout)');
    },
  });

  const cleaned = node =>
    journal()
      .filter(entry => entry.kind === 'cleanup_old_duties' && entry.node === node.nodeId && entry.values[1] === rollup.chain)
      .map(({ answer, error }) => error ?? Number(answer.cleaned));
  assert.deepEqual(cleaned(nodes[0]), [1, 0]);
  assert.deepEqual(cleaned(nodes[1]), [0]);
  assert.deepEqual(cleaned(nodes[2]), [0]);
  for (const node of nodes) {
    const stuck = journal().filter(entry => entry.kind === 'cleanup_stuck_duties' && entry.node === node.nodeId);
    assert.equal(stuck.length, 1);
    assert.equal(stuck[0].error, undefined);
  }

  // What is gone is not signable again, neither with its message nor with another.
  for (const hash of [messageHash, other]) {
    await assert.rejects(witness.sign(validator, hash, old), { name: 'DutyRefusedError', outcome: 'stale' });
  }
  note({ kind: 'cleaned', key: keyOf(rollup, validator, old) });
  for (const duty of [recent, current, future]) {
    await assert.rejects(witness.sign(validator, other, duty), slashingProtection(messageHash, other, 'node-1'));
    assert.ok(await recorded(rollup, validator, duty, messageHash));
  }
  assert.equal(await recorded(rollup, validator, underWay, messageHash), signature.toString());
  assert.ok(!outcomesFor(rollup, validator, underWay).slice(1).includes('acquired'));
});

test('the clean-up is left to the database unless the node is told to do it, which takes the maintainer role', LIMIT, async () => {
  const rollup = await newRollup();
  const asked = async settings => {
    const node = new Node('cleaner', rollup, { config: { cleanupOldDutiesAfterHours: 1 }, ...settings });
    const before = journal().length;
    await node.cleanUpOnce();
    return journal()
      .slice(before)
      .map(({ kind, error }) => [kind, error]);
  };

  assert.deepEqual(await asked({}), []);
  assert.deepEqual(await asked({ maintain: true }), [['cleanup_stuck_duties', '42501']]);
  assert.deepEqual(await asked({ maintain: true, role: process.env.AZTEC_KEEPER_ROLE }), [
    ['cleanup_stuck_duties', undefined],
    ['cleanup_old_duties', undefined],
  ]);
});
