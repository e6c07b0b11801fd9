/** Every scenario twice: on the package's table as it is, and protected. The table of differences is what slashguard promises. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { EthAddress } from '@aztec/foundation/eth-address';

import { Node, Validator, World, attestation, blockProposal, newHash, outcome, wholeSlot } from './world.mjs';

const LIMIT = { timeout: 120_000 };
const worlds = [new World('plain'), new World('guarded')];

before(async () => {
  for (const world of worlds) {
    await world.setUp();
  }
});
after(async () => {
  for (const world of worlds) {
    await world.tearDown();
  }
});

const fails = { before: () => Promise.reject(new Error('no key store')) };

/** Where many wait for one: the machine may be slow. */
const PATIENT = { config: { signingTimeoutMs: 60_000 } };

/** Each answers what became of its signers, in order. */
const scenarios = {
  async 'the same message, one after the other'({ node, validator, slot }) {
    const hash = newHash();
    return [
      await node(1).sign(validator, hash, blockProposal(slot)),
      await node(2).sign(validator, hash, blockProposal(slot)),
    ];
  },
  async 'another message after the signature'({ node, validator, slot }) {
    return [
      await node(1).sign(validator, newHash(), blockProposal(slot)),
      await node(2).sign(validator, newHash(), blockProposal(slot)),
      await node(1).sign(validator, newHash(), blockProposal(slot)),
    ];
  },
  async 'another message while the first is being signed'({ node, validator, slot }) {
    let meanwhile;
    const first = await node(1).sign(validator, newHash(), blockProposal(slot), {
      before: async () => {
        meanwhile = node(2).sign(validator, newHash(), blockProposal(slot));
        await pause(100);
      },
    });
    return [first, await meanwhile];
  },
  async 'ten nodes at once, one message'({ node, validator, slot }) {
    const hash = newHash();
    return count(await Promise.all(tenOf(i => node(i, PATIENT).sign(validator, hash, attestation(slot)))));
  },
  async 'ten nodes at once, each with a message of its own'({ node, validator, slot }) {
    return count(await Promise.all(tenOf(i => node(i, PATIENT).sign(validator, newHash(), attestation(slot)))));
  },
  async 'a committee of 48 from three nodes'({ node, slot }) {
    const hash = newHash();
    const committee = Array.from({ length: 48 }, () => new Validator());
    const all = committee.flatMap(validator => [1, 2, 3].map(i => node(i, PATIENT).sign(validator, hash, attestation(slot))));
    return count(await Promise.all(all));
  },
  async 'all duties of a slot from two nodes'({ node, validator, slot }) {
    const all = wholeSlot(slot).flatMap(duty => {
      const hash = newHash();
      return [1, 2].map(i => node(i, PATIENT).sign(validator, hash, duty));
    });
    return count(await Promise.all(all));
  },
  async 'signing fails, another node tries the same message'({ node, validator, slot }) {
    const hash = newHash();
    return [
      await node(1).sign(validator, hash, blockProposal(slot), fails),
      await node(2).sign(validator, hash, blockProposal(slot)),
    ];
  },
  async 'signing fails, another node tries another message'({ node, validator, slot }) {
    return [
      await node(1).sign(validator, newHash(), blockProposal(slot), fails),
      await node(2).sign(validator, newHash(), blockProposal(slot)),
    ];
  },
  async 'the same, where the chain allows unsigned release'({ node, validator, slot, rollup }) {
    if (rollup.world.isProtected) {
      await rollup.world.owner.query(`SELECT slashguard.set_chain_option($1, 'allow_unsigned_release', 'true')`, [rollup.chain]);
    }
    return await scenarios['signing fails, another node tries another message']({ node, validator, slot });
  },
  // The bug of 2026: the row of a signer that is alive is taken for stuck.
  async 'a cleanup deletes the row of a live signer'({ node, validator, slot }) {
    let meanwhile;
    const first = await node(1).sign(validator, newHash(), blockProposal(slot), {
      before: async () => {
        await node(1).database.cleanupOwnStuckDuties('node-1', -3_600_000);
        meanwhile = await node(2).sign(validator, newHash(), blockProposal(slot));
      },
    });
    return [first, meanwhile];
  },
  async 'the same, when its lease is over'({ node, validator, slot }) {
    let meanwhile;
    const first = await node(1).sign(validator, newHash(), blockProposal(slot), {
      before: async () => {
        await pause(3_100);
        await node(1).database.cleanupOwnStuckDuties('node-1', 0);
        meanwhile = await node(2).sign(validator, newHash(), blockProposal(slot));
      },
    });
    return [first, meanwhile];
  },
  async 'history is cleaned up, another message'({ node, validator, slot }) {
    const first = await node(1).sign(validator, newHash(), blockProposal(slot));
    await node(1).database.cleanupOldDuties(-3_600_000);
    return [first, await node(2).sign(validator, newHash(), blockProposal(slot))];
  },
  async 'history is cleaned up, the same message'({ node, validator, slot }) {
    const hash = newHash();
    const first = await node(1).sign(validator, hash, blockProposal(slot));
    await node(1).database.cleanupOldDuties(-3_600_000);
    return [first, await node(2).sign(validator, hash, blockProposal(slot))];
  },
  async 'a node of another rollup cleans up outdated rollups'({ node, validator, slot }) {
    const first = await node(1).sign(validator, newHash(), blockProposal(slot));
    await node(1).database.cleanupOutdatedRollupDuties(EthAddress.random());
    return [first, await node(2).sign(validator, newHash(), blockProposal(slot))];
  },
  async 'the reply to the insert is lost'({ node, validator, slot }) {
    const { pool } = node(1);
    const query = pool.query.bind(pool);
    let lost = 0;
    pool.query = async (...of) => {
      const answer = await query(...of);
      if (lost++ === 0) {
        throw new Error('Connection terminated unexpectedly');
      }
      return answer;
    };
    return [await node(1).sign(validator, newHash(), blockProposal(slot))];
  },
  async 'a node dies with its row, another has the same message'({ node, validator, slot, rollup }) {
    const hash = newHash();
    await node(1).database.tryInsertOrGetExisting(insertOf(rollup, validator, hash, attestation(slot)));
    await pause(3_100);
    return [await node(2).sign(validator, hash, attestation(slot)), await node(3).sign(validator, hash, attestation(slot))];
  },
  async 'a node dies with its row, another has another message'({ node, validator, slot, rollup }) {
    await node(1).database.tryInsertOrGetExisting(insertOf(rollup, validator, newHash(), attestation(slot)));
    await pause(3_100);
    return [await node(2).sign(validator, newHash(), attestation(slot))];
  },
  async 'two spellings of one address, two messages'({ node, validator, slot, rollup }) {
    const spelt = text => ({ ...insertOf(rollup, validator, newHash(), attestation(slot)), validatorAddress: { toString: () => text } });
    const ask = async (i, text) => {
      try {
        const { isNew } = await node(i).database.tryInsertOrGetExisting(spelt(text));
        return isNew ? 'may sign' : 'may not';
      } catch (error) {
        return outcome(error);
      }
    };
    const text = validator.address.toString();
    return [await ask(1, text), await ask(2, `0x${text.slice(2).toUpperCase()}`)];
  },
  async 'a signature of another key'({ node, validator, slot }) {
    return [await node(1).sign(validator, newHash(), blockProposal(slot), { key: new Validator() })];
  },
  async 'two rollups in one table'({ node, validator, slot, rollup }) {
    const other = await rollup.world.newRollup();
    const stranger = new Node('node-1', other);
    const results = [
      await node(1).sign(validator, newHash(), blockProposal(slot)),
      await stranger.sign(new Validator(validator.privateKey), newHash(), blockProposal(slot)),
    ];
    await stranger.stop();
    return results;
  },
};

const insertOf = (rollup, validator, hash, context) => ({
  rollupAddress: rollup.address,
  validatorAddress: validator.address,
  slot: context.slot,
  blockNumber: context.blockNumber,
  blockIndexWithinCheckpoint: context.blockIndexWithinCheckpoint,
  dutyType: context.dutyType,
  messageHash: hash.toString(),
  nodeId: 'dead',
});
const tenOf = make => Array.from({ length: 10 }, (_, i) => make(i + 1));
const count = outcomes =>
  [...new Set(outcomes)].map(each => `${outcomes.filter(other => other === each).length} ${each}`).sort();

/** What is different, and nothing else: as it is, then protected. */
const DIFFERENCES = {
  'signing fails, another node tries another message': [
    'failed: no key store, signed',
    'failed: no key store, error SG001',
  ],
  'a cleanup deletes the row of a live signer': ['signed, signed: SLASHABLE', 'signed, timed out'],
  'the same, when its lease is over': ['signed, signed: SLASHABLE', 'signed, error SG001'],
  'history is cleaned up, another message': ['signed, signed: SLASHABLE', 'signed, error SG001'],
  'history is cleaned up, the same message': ['signed, signed', 'signed, error SG009'],
  'a node of another rollup cleans up outdated rollups': ['signed, signed: SLASHABLE', 'signed, error SG001'],
  'the reply to the insert is lost': ['timed out', 'signed'],
  'a node dies with its row, another has the same message': ['timed out, timed out', 'signed, already signed'],
  'two spellings of one address, two messages': ['may sign, may sign', 'may sign, error SG001'],
  'a signature of another key': ['signed', 'error SG006'],
};

async function play(world, scenario) {
  const rollup = await world.newRollup();
  const validator = new Validator();
  const nodes = new Map();
  const node = (i, settings) => {
    if (!nodes.has(i)) {
      nodes.set(i, new Node(`node-${i}`, rollup, settings));
    }
    return nodes.get(i);
  };
  try {
    const outcomes = await scenario({ node, validator, slot: rollup.slot, rollup });
    return outcomes.join(', ') + (validator.isSlashable ? ': SLASHABLE' : '');
  } finally {
    await Promise.all([...nodes.values()].map(each => each.stop()));
  }
}

test('protected and unprotected differ in what is promised, and in nothing else', LIMIT, async () => {
  const found = {};
  const protectedOutcomes = [];
  for (const [name, scenario] of Object.entries(scenarios)) {
    const [plain, guarded] = [await play(worlds[0], scenario), await play(worlds[1], scenario)];
    console.log(`${name}\n    as it is:  ${plain}${plain === guarded ? '' : `\n    protected: ${guarded}`}`);
    protectedOutcomes.push(guarded);
    if (plain !== guarded) {
      found[name] = [plain, guarded];
    }
  }
  assert.deepEqual(found, DIFFERENCES);
  assert.ok(!protectedOutcomes.some(outcomes => outcomes.includes('SLASHABLE')));
});

test('a validator that is new here waits; one whose history came in does not', LIMIT, async () => {
  const world = worlds[1];
  const [known, fresh] = [new Validator(), new Validator()];
  // Written while nobody protected the table.
  await worlds[1].owner.query('SELECT slashguard.unprotect_table($1)', ['public.validator_duties']);
  const rollup = { world, address: EthAddress.random(), chain: 'taken in' };
  const node = new Node('node-1', rollup);
  assert.equal(await node.sign(known, newHash(), attestation(49_999)), 'signed');
  await worlds[1].owner.query(
    `SELECT slashguard.protect_table('public.validator_duties', 'taken in', $1, clock_timestamp() - 50000 * interval '72 s', '72 s')`,
    [`31337:${rollup.address}`],
  );
  assert.equal(await node.sign(known, newHash(), attestation(49_999)), 'slashing protection');
  assert.equal(await node.sign(known, newHash(), attestation(50_000)), 'signed');
  assert.equal(await node.sign(known, newHash(), attestation(49_998)), 'error SG003');
  assert.equal(await node.sign(fresh, newHash(), attestation(50_000)), 'error SG003');
  const { rows } = await worlds[1].owner.query(
    `SELECT validator, low_watermark FROM slashguard.watermarks WHERE chain = 'taken in' AND kind = 'first use'`,
  );
  assert.deepEqual(rows, [{ validator: fresh.address.toString(), low_watermark: '50004' }]);
  await node.stop();
});

test('nodes of both kinds have one ledger', LIMIT, async () => {
  const rollup = await worlds[1].newRollup({ horizon_slots: null });
  const validator = new Validator();
  const node = new Node('node-1', rollup);
  const ask = async (slot, hash) => {
    const { rows } = await worlds[1].owner.query(
      `SELECT outcome, signature FROM slashguard.try_acquire_duty($1, $2, $3, 'ATTESTATION', $4, 'new node')`,
      [rollup.chain, validator.address.toString(), slot, hash.toString()],
    );
    return rows[0];
  };
  const [hash, other] = [newHash(), newHash()];
  assert.equal(await node.sign(validator, hash, attestation(50_000)), 'signed');
  const { outcome: known, signature } = await ask(50_000, hash);
  assert.equal(known, 'already_signed');
  assert.equal(signature, validator.signer.signMessage(hash).toString());
  assert.equal((await ask(50_000, other)).outcome, 'conflict');
  assert.equal((await ask(50_001, other)).outcome, 'acquired');
  assert.equal(await node.sign(validator, hash, attestation(50_001)), 'error SG001');
  const { rows } = await worlds[1].owner.query(`SELECT slashguard.migrate_table('public.validator_duties', $1) AS new_rows`, [rollup.chain]);
  assert.deepEqual(rows, [{ new_rows: '0' }]);
  await node.stop();
});

test('their migrations down and up again', LIMIT, async () => {
  const world = worlds[1];
  const rollup = await world.newRollup();
  const validator = new Validator();
  const node = new Node('node-1', rollup);
  assert.equal(await node.sign(validator, newHash(), attestation(50_000)), 'signed');
  await world.migrate('down');
  await world.migrate('up');
  await world.grant();
  // A new table of the old name: what was granted is in the ledger.
  assert.equal(await node.sign(validator, newHash(), attestation(50_000)), 'error SG001');
  assert.equal(await node.sign(validator, newHash(), attestation(50_001)), 'signed');
  await node.stop();
});
