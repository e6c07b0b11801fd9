import assert from 'node:assert/strict';
import { test } from 'node:test';

import { journal } from './journal.mjs';
import { LossyProxy } from './lossy_proxy.mjs';
import {
  LIMIT,
  Node,
  Validator,
  assertAllAreAlreadySigned,
  attestation,
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
} from './nodes.mjs';

async function scene(t, { options, ...settings } = {}) {
  const rollup = await newRollup(options);
  const proxy = await LossyProxy.start();
  t.after(() => proxy.stop());
  const far = new Node('far', rollup, { connection: proxy.connection, ...settings });
  t.after(() => far.stop());
  const [near] = startNodes(t, 1, rollup, { config: { signingTimeoutMs: 0 } });
  return {
    rollup,
    proxy,
    far,
    near,
    validator: new Validator(),
    duty: attestation(rollup.slot),
    messageHash: newHash(),
    other: newHash(),
  };
}

const outcomeOf = row => row[0];
const tokenOf = row => row[1];
const requestIds = claims => new Set(claims.map(({ values }) => values[10]));

test('an answer lost after the commit: the retry is given the same claim and token', LIMIT, async t => {
  const { rollup, proxy, far, near, validator, duty, messageHash, other } = await scene(t);

  const loss = proxy.loseNext('answer', 'try_acquire_duty');
  const letGo = proxy.holdConnectionsAfterLoss();
  const signing = far.sign(validator, messageHash, duty);
  const lost = await loss;
  assert.equal(lost.length, 1);
  assert.equal(outcomeOf(lost[0]), 'acquired');

  // Before the node comes back, others ask: the claim is not theirs.
  await assert.rejects(near.sign(validator, other, duty), slashingProtection(messageHash, other, 'far'));
  const { refused } = await settle([near.sign(validator, messageHash, duty)]);
  assert.equal(refused.length, 1);
  assertAllAreAlreadySigned(refused, 'unknown (timeout)');

  letGo();
  const signature = await signing;
  const claims = claimsFor(rollup, validator, duty).filter(({ node }) => node === 'far');
  assert.deepEqual(
    claims.map(({ answer }) => answer?.outcome),
    [undefined, 'acquired'],
  );
  assert.ok(claims[0].error);
  assert.equal(requestIds(claims).size, 1);
  assert.equal(claims[1].answer.lock_token, tokenOf(lost[0]));
  assert.equal(signaturesMade(rollup, validator, duty).length, 1);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('a question lost before the server saw it: the retry is given the claim', LIMIT, async t => {
  const { rollup, proxy, far, near, validator, duty, messageHash, other } = await scene(t);

  const loss = proxy.loseNext('question', 'try_acquire_duty');
  const signing = far.sign(validator, messageHash, duty);
  assert.deepEqual(await loss, []);
  const signature = await signing;

  const claims = claimsFor(rollup, validator, duty);
  assert.deepEqual(
    claims.map(({ answer }) => answer?.outcome),
    [undefined, 'acquired'],
  );
  assert.equal(requestIds(claims).size, 1);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
  await assert.rejects(near.sign(validator, other, duty), slashingProtection(messageHash, other, 'far'));
});

test('the record of a signature is lost on its way there, or its answer on the way back: it is recorded once', LIMIT, async t => {
  for (const what of ['question', 'answer']) {
    const { rollup, proxy, far, near, validator, duty, messageHash } = await scene(t);

    const loss = proxy.loseNext(what, 'record_signature');
    const signature = await far.sign(validator, messageHash, duty);
    assert.equal((await loss).length, what === 'answer' ? 1 : 0);

    const records = journal().filter(({ kind, values }) => kind === 'record_signature' && values[1] === signature.toString());
    assert.deepEqual(
      records.map(({ error }) => error === undefined),
      [false, true],
    );
    assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
    const { refused } = await settle([near.sign(validator, messageHash, duty)]);
    assert.equal(refused.length, 1);
    assertAllAreAlreadySigned(refused, 'far');
  }
});

test('a claim that two answers carried is not given back for other data', LIMIT, async t => {
  const { rollup, proxy, far, near, validator, duty, messageHash, other } = await scene(t, {
    options: { allow_unsigned_release: true },
    certainlyUnsigned: true,
  });

  const loss = proxy.loseNext('answer', 'try_acquire_duty');
  const failure = { beforeSigning: () => Promise.reject(new Error('no signer')) };
  await assert.rejects(far.sign(validator, messageHash, duty, failure), /no signer/);
  assert.equal((await loss).length, 1);

  // Whoever read the first answer, if anybody did, may be signing.
  await assert.rejects(near.sign(validator, other, duty), slashingProtection(messageHash, other, 'far'));
  const signature = await near.sign(validator, messageHash, duty);
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('every answer lost: nothing is signed, and the duty is open to the same message when the lease is over', LIMIT, async t => {
  const { rollup, proxy, far, validator, duty, messageHash, other } = await scene(t, { retryPausesMs: [], leaseMs: 1 });

  const loss = proxy.loseNext('answer', 'try_acquire_duty');
  await assert.rejects(far.sign(validator, messageHash, duty), /Connection terminated|ECONNRESET/);
  assert.equal(outcomeOf((await loss)[0]), 'acquired');
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);

  await assert.rejects(far.sign(validator, other, duty), slashingProtection(messageHash, other, 'far'));
  const signature = await far.sign(validator, messageHash, duty);
  assert.equal(outcomesFor(rollup, validator, duty).at(-1), 'acquired');
  assert.equal(await recorded(rollup, validator, duty, messageHash), signature.toString());
});

test('connections that die while they are idle are replaced', LIMIT, async t => {
  const rollup = await newRollup();
  const validator = new Validator();
  const node = new Node('steady', rollup, { connection: { application_name: rollup.chain } });
  t.after(() => node.stop());
  await node.sign(validator, newHash(), attestation(rollup.slot));

  const removed = new Promise(resolve => node.pool.on('remove', resolve));
  const { rows } = await owner.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    rollup.chain,
  ]);
  assert.deepEqual(rows, [{ pg_terminate_backend: true }]);
  await removed;

  const messageHash = newHash();
  const signature = await node.sign(validator, messageHash, blockProposal(rollup.slot));
  assert.equal(await recorded(rollup, validator, blockProposal(rollup.slot), messageHash), signature.toString());
});

test('no server: nothing is signed', LIMIT, async t => {
  const { rollup, far, validator, duty, messageHash } = await scene(t, {
    connection: { host: '127.0.0.1', port: 1 },
    retryPausesMs: [1, 1],
  });

  await assert.rejects(far.sign(validator, messageHash, duty), /ECONNREFUSED/);
  assert.equal(claimsFor(rollup, validator, duty).length, 3);
  assert.equal(signaturesMade(rollup, validator, duty).length, 0);
});
