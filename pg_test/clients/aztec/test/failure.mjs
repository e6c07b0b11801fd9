import assert from 'node:assert/strict';
import { test } from 'node:test';

import { journal } from './journal.mjs';
import {
  FOR_EVER_MS,
  LIMIT,
  Node,
  ProcessNode,
  Validator,
  assertAllAreAlreadySigned,
  blockProposal,
  claimsFor,
  newHash,
  newRollup,
  outcomesFor,
  owner,
  recorded,
  settle,
  signaturesMade,
  slashingProtection,
  startNodes,
  until,
} from './nodes.mjs';

const failing = { beforeSigning: () => Promise.reject(new Error('the key store did not answer')) };

test('the first signer fails, the second succeeds, with the same message only', LIMIT, async t => {
  // A chain may allow it, but a signer that merely failed does not claim to be certain that no signature exists.
  const rollup = await newRollup({ allow_unsigned_release: true });
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [first, second] = startNodes(t, 2, rollup);
  const [messageHash, other] = [newHash(), newHash()];

  // The lease would last an hour: only the release lets the second one in.
  await assert.rejects(first.sign(validator, messageHash, duty, failing), /the key store did not answer/);
  await assert.rejects(second.sign(validator, other, duty), slashingProtection(messageHash, other, 'node-1'));
  const signature = await second.sign(validator, messageHash, duty);

  assert.deepEqual(outcomesFor(rollup, validator, duty), ['acquired', 'conflict', 'acquired']);
  assert.equal(signaturesMade(rollup, validator, duty).length, 1);
  assert.ok(validator.made(signature, messageHash));
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('the winner fails while two others wait: one of them signs', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const messageHash = newHash();
  const waiting = () =>
    new Set(
      claimsFor(rollup, validator, duty)
        .filter(({ answer }) => answer.outcome === 'in_progress')
        .map(({ node }) => node),
    ).size;
  let holders = 0;

  const { signed, refused } = await settle(
    startNodes(t, 3, rollup).map(node =>
      node.sign(validator, messageHash, duty, {
        beforeSigning: async () => {
          if (++holders === 1) {
            await until(() => waiting() === 2);
            await failing.beforeSigning();
          }
        },
      }),
    ),
  );

  assert.equal(holders, 2);
  assert.equal(signed.length, 1);
  const [made] = signaturesMade(rollup, validator, duty);
  assert.equal(refused.filter(({ message }) => message === 'the key store did not answer').length, 1);
  const learned = refused.filter(({ message }) => message !== 'the key store did not answer');
  assert.equal(learned.length, 1);
  assertAllAreAlreadySigned(learned, made.node);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signed[0].toString());
});

test('a key that certainly did not sign gives the duty back for other data, where the chain allows it', LIMIT, async t => {
  const [messageHash, other] = [newHash(), newHash()];
  const scene = async options => {
    const rollup = await newRollup(options);
    const [first, second] = startNodes(t, 2, rollup, { certainlyUnsigned: true });
    return { rollup, first, second, validator: new Validator(), duty: blockProposal(rollup.slot) };
  };

  const allowed = await scene({ allow_unsigned_release: true });
  await assert.rejects(
    allowed.first.sign(allowed.validator, messageHash, allowed.duty, failing),
    /the key store did not answer/,
  );
  const signature = await allowed.second.sign(allowed.validator, other, allowed.duty);
  assert.equal(await recorded(allowed.rollup, allowed.validator, allowed.duty, other), signature.toString());

  const forbidden = await scene({ allow_unsigned_release: false });
  await assert.rejects(forbidden.first.sign(forbidden.validator, messageHash, forbidden.duty, failing), {
    code: '55000',
  });
  await assert.rejects(
    forbidden.second.sign(forbidden.validator, other, forbidden.duty),
    slashingProtection(messageHash, other, 'node-1'),
  );
  assert.equal(signaturesMade(forbidden.rollup, forbidden.validator, forbidden.duty).length, 0);
});

test('a signature that cannot be recorded is not handed out', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot - 100);
  const messageHash = newHash();
  const [late, next] = startNodes(t, 2, rollup);

  // The claim is cleaned away under its holder, who comes back two hours too late.
  const cleanUp = async () => {
    const { rows } = await owner.query(`SELECT slashguard.cleanup_old_duties('1 hour', $1) AS cleaned`, [rollup.chain]);
    assert.equal(rows[0].cleaned, '1');
  };
  await assert.rejects(late.sign(validator, messageHash, duty, { beforeSigning: cleanUp }), { code: 'SG005' });

  assert.equal(signaturesMade(rollup, validator, duty).length, 1);
  await assert.rejects(next.sign(validator, newHash(), duty), { name: 'DutyRefusedError', outcome: 'stale' });
});

test('a node killed between claim and signature: nobody else may sign while its lease runs', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [messageHash, other] = [newHash(), newHash()];

  await killAfterClaim(t, rollup, validator, messageHash, duty, { leaseMs: FOR_EVER_MS });

  const [patient, attacker] = startNodes(t, 2, rollup, { config: { signingTimeoutMs: 0 } });
  await assert.rejects(attacker.sign(validator, other, duty), slashingProtection(messageHash, other, 'doomed'));
  const { refused } = await settle([patient.sign(validator, messageHash, duty)]);
  assertAllAreAlreadySigned(refused, 'unknown (timeout)');
  assert.equal(refused.length, 1);
  assert.equal(new Set(outcomesFor(rollup, validator, duty, patient)).size, 1);
  assert.equal(outcomesFor(rollup, validator, duty, patient)[0], 'in_progress');
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);
});

test('a node killed between claim and signature: after its lease another takes over, with the same message only', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [messageHash, other] = [newHash(), newHash()];

  const claim = await killAfterClaim(t, rollup, validator, messageHash, duty, { leaseMs: 1500 });

  const heir = await ProcessNode.start(t, 'heir', rollup);
  const attacker = await ProcessNode.start(t, 'attacker', rollup);
  const refusal = slashingProtection(messageHash, other, 'doomed');
  await assert.rejects(attacker.sign(validator, other, duty), refusal);
  await untilServerTime(leaseEnd(rollup, validator, duty));
  await assert.rejects(attacker.sign(validator, other, duty), refusal);
  const signature = await heir.sign(validator, messageHash, duty);
  await assert.rejects(attacker.sign(validator, other, duty), slashingProtection(messageHash, other, 'heir'));

  const takeover = claimsFor(rollup, validator, duty).find(({ node, answer }) => node === 'heir' && answer.outcome === 'acquired');
  assert.notEqual(takeover.answer.lock_token, claim.answer.lock_token);
  assert.deepEqual(outcomesFor(rollup, validator, duty, attacker), ['conflict', 'conflict', 'conflict']);
  assert.deepEqual(
    signaturesMade(rollup, validator, duty).map(({ node }) => node),
    ['heir'],
  );
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature);
});

test('a signer that waits for a dead node takes over in the same call', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const messageHash = newHash();

  await killAfterClaim(t, rollup, validator, messageHash, duty, { leaseMs: 1500 });
  const [heir] = startNodes(t, 1, rollup);
  const signature = await heir.sign(validator, messageHash, duty);

  assert.ok((await serverTime()) >= leaseEnd(rollup, validator, duty));
  assert.equal(outcomesFor(rollup, validator, duty, heir).at(-1), 'acquired');
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('a slow signer outlives its lease and a clean-up: others still sign nothing but its message', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const duty = blockProposal(rollup.slot);
  const [messageHash, other] = [newHash(), newHash()];
  const slow = new Node('slow', rollup, { leaseMs: 1 });
  t.after(() => slow.stop());
  const [heir, attacker] = startNodes(t, 2, rollup);
  let signature;

  const late = await slow.sign(validator, messageHash, duty, {
    beforeSigning: async () => {
      await untilServerTime(leaseEnd(rollup, validator, duty));
      await new Node('janitor', rollup, {
        maintain: true,
        role: process.env.AZTEC_KEEPER_ROLE,
        config: { maxStuckDutiesAgeMs: 0 },
      }).cleanUpOnce();
      const { answer } = journal().findLast(({ kind, node }) => kind === 'cleanup_stuck_duties' && node === 'janitor');
      assert.ok(Number(answer.cleaned) >= 1);

      await assert.rejects(attacker.sign(validator, other, duty), slashingProtection(messageHash, other, 'slow'));
      signature = await heir.sign(validator, messageHash, duty);
    },
  });

  // Two signatures were made, of one message and therefore one and the same: nothing to slash.
  assert.equal(late.toString(), signature.toString());
  assert.deepEqual(
    signaturesMade(rollup, validator, duty).map(made => [made.node, made.messageHash]),
    [
      ['node-1', messageHash.toString()],
      ['slow', messageHash.toString()],
    ],
  );
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

/** Answers the claim that the killed node was granted. */
async function killAfterClaim(t, rollup, validator, messageHash, duty, settings) {
  const doomed = await ProcessNode.start(t, 'doomed', rollup, settings);
  await new Promise((resolve, reject) => {
    doomed
      .sign(validator, messageHash, duty, { hold: true, onSigning: resolve })
      .then(() => reject(new Error('it signed')), reject);
  });
  assert.equal(await doomed.kill(), 'SIGKILL');

  const claims = claimsFor(rollup, validator, duty);
  assert.deepEqual(
    claims.map(({ node, answer }) => [node, answer.outcome]),
    [['doomed', 'acquired']],
  );
  return claims[0];
}

async function serverTime() {
  const { rows } = await owner.query('SELECT clock_timestamp() AS now');
  return rows[0].now;
}

/** When the first lease of this duty ends, by the server's clock. */
function leaseEnd(rollup, validator, duty) {
  const { answer } = claimsFor(rollup, validator, duty).find(claim => claim.answer.outcome === 'acquired');
  return new Date(answer.expires_at);
}

async function untilServerTime(time) {
  await until(async () => (await serverTime()) > time);
}
