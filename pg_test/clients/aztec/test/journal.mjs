/**
 * The journal: every answer that any node of a test run received, and every signature that was made.
 *
 * Nodes append to one file, also those that run as processes of their own and are killed, so what they wrote is kept.
 */
import { appendFileSync, readFileSync } from 'node:fs';

const file = process.env.AZTEC_JOURNAL;

/** Entries are one line each and short, so that appends of several processes do not mix. */
export function note(entry) {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

export function journal() {
  return readFileSync(file, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line));
}

export function dutyKey(chain, validator, slot, dutyType, blockIndex) {
  return [chain, validator.toString().toLowerCase(), slot.toString(), dutyType, blockIndex].join(' ');
}

/** A pool that notes what it was asked and answered. */
export function journalled(pool, node) {
  return {
    on: (event, listener) => pool.on(event, listener),
    end: () => pool.end(),
    async query(text, values) {
      const question = text.match(/slashguard\.(\w+)/)[1];
      const entry = { kind: question, node, values: values.map(value => value?.toString() ?? null) };
      if (question === 'try_acquire_duty') {
        const [chain, validator, slot, dutyType, messageHash, , blockIndex] = values;
        Object.assign(entry, { key: dutyKey(chain, validator, slot, dutyType, blockIndex), messageHash });
      }
      try {
        const result = await pool.query(text, values);
        note({ ...entry, answer: result.rows[0] });
        return result;
      } catch (error) {
        note({ ...entry, error: error.code ?? error.message });
        throw error;
      }
    },
  };
}

/**
 * The duty keys for which two different messages were granted or signed.
 *
 * A claim that its holder gave back as certainly unsigned does not count any more, provided that no other answer, not even
 * one that was lost, can have carried it. Signatures always count.
 */
export function doubleGrants(entries) {
  const duties = new Map();
  const keyOfToken = new Map();
  const guilty = new Set();
  for (const { kind, key, messageHash, answer, error, values } of entries) {
    if (kind === 'try_acquire_duty' || kind === 'signature made') {
      const duty = duties.get(key) ?? { granted: new Set(), signed: new Set(), answers: 0 };
      duties.set(key, duty);
      if (kind === 'signature made') {
        duty.signed.add(messageHash);
      } else if (answer?.outcome === 'acquired') {
        duty.granted.add(messageHash);
        duty.answers++;
        keyOfToken.set(answer.lock_token, key);
      } else if (error) {
        duty.answers++;
      }
      if (duty.granted.size > 1 || duty.signed.size > 1) {
        guilty.add(key);
      }
    } else if (kind === 'release_duty' && answer?.released && values[1] === 'true') {
      const duty = duties.get(keyOfToken.get(values[0]));
      if (duty.answers === 1) {
        duty.granted.clear();
        duty.answers = 0;
      }
    }
  }
  return [...guilty];
}
