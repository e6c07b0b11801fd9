import assert from 'node:assert/strict';
import { test } from 'node:test';

import { doubleGrants, journal } from './journal.mjs';
import { LIMIT, owner } from './nodes.mjs';

test('the check for double grants finds them', LIMIT, () => {
  const grant = (key, messageHash, token) => ({
    kind: 'try_acquire_duty',
    key,
    messageHash,
    answer: { outcome: 'acquired', lock_token: token },
  });
  const giveBack = (token, certainlyUnsigned, released) => ({
    kind: 'release_duty',
    values: [token, certainlyUnsigned],
    answer: { released },
  });
  const signature = (key, messageHash) => ({ kind: 'signature made', key, messageHash });
  const refusal = { ...grant('a', '0x02'), answer: { outcome: 'conflict' } };
  const lostAnswer = { kind: 'try_acquire_duty', key: 'a', messageHash: '0x01', error: 'ECONNRESET' };
  const [first, second] = [grant('a', '0x01', 't'), grant('a', '0x02', 'u')];

  for (const guilty of [
    [first, second],
    [signature('a', '0x01'), signature('a', '0x02')],
    [first, giveBack('t', 'false', true), second],
    [first, giveBack('t', 'true', false), second],
    [first, first, giveBack('t', 'true', true), second],
    [lostAnswer, first, giveBack('t', 'true', true), second],
    [first, signature('a', '0x01'), giveBack('t', 'true', true), second, signature('a', '0x02')],
  ]) {
    assert.deepEqual(doubleGrants(guilty), ['a']);
  }
  for (const innocent of [
    [first, grant('a', '0x01', 'u'), grant('b', '0x02', 'v'), refusal, signature('a', '0x01')],
    [first, giveBack('t', 'true', true), second, signature('a', '0x02')],
  ]) {
    assert.deepEqual(doubleGrants(innocent), []);
  }
});

test('of all answers and signatures of this run: no duty was granted two messages', LIMIT, () => {
  const entries = journal();
  const count = outcome => entries.filter(({ answer }) => answer?.outcome === outcome).length;

  assert.deepEqual(doubleGrants(entries), []);
  // The check had something to judge: a committee of 48 alone is 48 grants, and every scenario was refused something.
  assert.ok(count('acquired') > 48 && count('conflict') > 20 && count('in_progress') > 0 && count('already_signed') > 48);
});

test('every signature that was handed out is the one on record', LIMIT, async () => {
  const entries = journal();
  const claims = new Map(
    entries.filter(({ answer }) => answer?.lock_token).map(claim => [claim.answer.lock_token, claim]),
  );
  const cleaned = new Set(entries.filter(({ kind }) => kind === 'cleaned').map(({ key }) => key));
  const records = entries.filter(({ kind, answer }) => kind === 'record_signature' && answer);
  assert.ok(records.length > 48);

  for (const { values: [token, signature] } of records) {
    const { key, messageHash, values: claim } = claims.get(token);
    const { rows } = await owner.query(
      `SELECT outcome, signature FROM slashguard.try_acquire_duty(chain => $1, validator => $2, slot => $3, duty_type => $4,
         message_hash => $5, node_id => 'auditor', block_index => $6)`,
      [claim[0], claim[1], claim[2], claim[3], messageHash, claim[6]],
    );
    assert.deepEqual(
      rows,
      cleaned.has(key) ? [{ outcome: 'stale', signature: null }] : [{ outcome: 'already_signed', signature }],
    );
  }
});
