/**
 * slashguard as the database of Aztec's own signer.
 *
 * `ValidatorHASigner` of `@aztec/validator-ha-signer` takes its database object as an argument. This is such an object
 * (the package calls the interface `SlashingProtectionDatabase`), so the signer itself stays as it is:
 *
 *     const db = new SlashguardDatabase({
 *       pool: new pg.Pool({ connectionString: process.env.VALIDATOR_HA_DATABASE_URL }),
 *       chains: { '0x<rollup address>': 'aztec-mainnet' },     // names given to slashguard.register_chain
 *     });
 *     const signer = new ValidatorHASigner(db, config);
 *     await signer.start();
 *
 * The login of the pool needs the role slashguard_client and nothing else.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { DutyStatus, DutyType, getBlockIndexFromDutyIdentifier } from '@aztec/validator-ha-signer/types';

// Each is sent as a statement of its own, outside any transaction block: what slashguard answers is then committed.
const ACQUIRE = `
  SELECT * FROM slashguard.try_acquire_duty(
    chain => $1, validator => $2, slot => $3, duty_type => $4, message_hash => $5, node_id => $6, block_index => $7,
    block_number => $8, checkpoint_number => $9, lease_ms => $10, request_id => $11)`;
const RECORD = 'SELECT slashguard.record_signature(lock_token => $1, signature => $2)';
const RELEASE = 'SELECT slashguard.release_duty(lock_token => $1, certainly_unsigned => $2) AS released';
const OPEN_STUCK = `
  SELECT slashguard.cleanup_stuck_duties(max_age => make_interval(secs => $1::float8 / 1000)) AS cleaned`;
const DELETE_OLD = `
  SELECT slashguard.cleanup_old_duties(max_age => make_interval(secs => $1::float8 / 1000), chain => $2) AS cleaned`;

const VOTES = [DutyType.GOVERNANCE_VOTE, DutyType.SLASHING_VOTE];

/** The ledger neither granted this duty nor knows a message for it. Nothing was signed; `reason` says what stands against it. */
export class DutyRefusedError extends Error {
  constructor(outcome, reason) {
    super(`slashguard: ${outcome}: ${reason}`);
    this.name = 'DutyRefusedError';
    this.outcome = outcome;
    this.reason = reason;
  }
}

export class SlashguardDatabase {
  #pool;
  #chains;
  #leaseMs;
  #certainlyUnsigned;
  #maintain;
  #retryPausesMs;

  /**
   * @param {object} options
   * @param {pg.Pool} options.pool - closed by `close()`, which `signer.stop()` calls
   * @param {Record<string, string>} options.chains - rollup address -> name of the registered chain
   * @param {number} [options.leaseMs] - how long a claim belongs to this node alone. The signer's losers wait for
   *   `signingTimeoutMs` (3000 by default): with a lease no longer than that they take over from a dead node in the same call
   * @param {boolean} [options.certainlyUnsigned] - true only where a failed signing function proves that no signature exists
   *   (a key in this process; never a remote signer, whose call may time out after it signed). It then gives the duty back
   *   for other data. The chain must have allow_unsigned_release: otherwise giving back fails (55000) and the lease runs out
   * @param {boolean} [options.maintain] - true lets the signer's clean-up task do the ledger's (the login then needs
   *   slashguard_maintainer too). Otherwise the database looks after itself: slashguard.schedule_maintenance
   * @param {number[]} [options.retryPausesMs] - pauses before asking again after an answer was lost
   */
  constructor({ pool, chains, leaseMs = 3000, certainlyUnsigned = false, maintain = false, retryPausesMs = [50, 200, 800] }) {
    this.#pool = pool;
    this.#chains = new Map(Object.entries(chains).map(([rollup, chain]) => [rollup.toLowerCase(), chain]));
    this.#leaseMs = leaseMs;
    this.#certainlyUnsigned = certainlyUnsigned;
    this.#maintain = maintain;
    this.#retryPausesMs = retryPausesMs;
    // Idle connections die when a server restarts; the pool replaces them, but an event nobody listens to would end the process.
    pool.on('error', () => {});
  }

  async tryInsertOrGetExisting(params) {
    const { rollupAddress, validatorAddress, slot, dutyType, blockNumber, messageHash, nodeId } = params;
    const chain = this.#chainOf(rollupAddress);
    const blockIndexWithinCheckpoint = getBlockIndexFromDutyIdentifier(params);
    // The signer has one field for both numbers, and puts 0 into it for votes, which have neither.
    const isCheckpoint = dutyType === DutyType.CHECKPOINT_PROPOSAL;
    const number = VOTES.includes(dutyType) ? null : decimal(blockNumber, 'blockNumber');

    const [answer] = await this.#ask(ACQUIRE, [
      chain,
      validatorAddress.toString(),
      decimal(slot, 'slot'),
      dutyType,
      messageHash,
      nodeId,
      blockIndexWithinCheckpoint,
      isCheckpoint ? null : number,
      isCheckpoint ? number : null,
      this.#leaseMs,
      randomUUID(), // the same in every retry of this call: a lost answer then comes again, with its token
    ]);

    const record = {
      rollupAddress,
      validatorAddress,
      slot,
      blockNumber,
      blockIndexWithinCheckpoint,
      dutyType,
      messageHash,
      nodeId: answer.holder,
      lockToken: '',
    };
    switch (answer.outcome) {
      case 'acquired':
        return { isNew: true, record: { ...record, status: DutyStatus.SIGNING, nodeId, lockToken: answer.lock_token } };
      case 'in_progress':
        return { isNew: false, record: { ...record, status: DutyStatus.SIGNING } };
      case 'already_signed':
        return { isNew: false, record: { ...record, status: DutyStatus.SIGNED, signature: answer.signature } };
      case 'conflict': {
        // Pinned, signed or not. To the signer that is SIGNED: the one status it does not sit and wait on.
        const earlier = answer.details?.earlier_message_hash;
        if (earlier && earlier !== messageHash) {
          return { isNew: false, record: { ...record, status: DutyStatus.SIGNED, messageHash: earlier } };
        }
        throw new DutyRefusedError(answer.outcome, answer.reason);
      }
      default: // stale, halted, not_protected, and whatever a later version may add: not granted
        throw new DutyRefusedError(answer.outcome, answer.reason);
    }
  }

  /**
   * Never answers false. The signer only logs a false and hands the signature out all the same; an exception (SG005: the
   * token holds no claim, SG006: not a signature of this message by this validator) keeps it in.
   */
  async updateDutySigned(_rollupAddress, _validatorAddress, _slot, _dutyType, signature, lockToken) {
    await this.#ask(RECORD, [lockToken, signature]);
    return true;
  }

  /** Called when the signing function threw. Opens the duty at once for any node with the same message. */
  async deleteDuty(_rollupAddress, _validatorAddress, _slot, _dutyType, lockToken) {
    const [{ released }] = await this.#ask(RELEASE, [lockToken, this.#certainlyUnsigned]);
    return released;
  }

  /** Of every node, not only this one's: a node that died cannot clean up after itself. The messages stay pinned. */
  async cleanupOwnStuckDuties(_nodeId, maxAgeMs) {
    if (!this.#maintain) {
      return 0;
    }
    const [{ cleaned }] = await this.#ask(OPEN_STUCK, [maxAgeMs]);
    return Number(cleaned);
  }

  async cleanupOldDuties(maxAgeMs) {
    if (!this.#maintain) {
      return 0;
    }
    let total = 0;
    for (const chain of this.#chains.values()) {
      let batch; // one short transaction each, until nothing is left
      do {
        const [{ cleaned }] = await this.#ask(DELETE_OLD, [maxAgeMs, chain]);
        batch = Number(cleaned);
        total += batch;
      } while (batch > 0);
    }
    return total;
  }

  /** Other rollups in this database are somebody's history, not rubbish. An operator closes one with slashguard.retire_chain. */
  async cleanupOutdatedRollupDuties(_currentRollupAddress) {
    return 0;
  }

  async close() {
    await this.#pool.end();
  }

  #chainOf(rollupAddress) {
    const chain = this.#chains.get(rollupAddress.toString().toLowerCase());
    if (chain === undefined) {
      throw new Error(`slashguard: no chain is configured for rollup ${rollupAddress}`);
    }
    return chain;
  }

  /** Asking again is right when the answer was lost, whether or not the server had committed, and never after a refusal. */
  async #ask(text, values) {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#pool.query(text, values)).rows;
      } catch (error) {
        if (!answerWasLost(error) || attempt === this.#retryPausesMs.length) {
          throw error;
        }
        await pause(this.#retryPausesMs[attempt]);
      }
    }
  }
}

/**
 * No word from the server at all (only errors that it sent have a severity), or its word that it is going down or not up yet
 * (SQLSTATE classes 08 and 57P).
 */
function answerWasLost(error) {
  return error.severity === undefined || /^(08|57P)/.test(error.code);
}

/** A number above 2^53-1 may stand for its neighbour, which is another duty. Such slots come as BigInt, or not at all. */
function decimal(value, name) {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new RangeError(`slashguard: ${name} ${value} is not exact: pass it as a BigInt`);
  }
  return value.toString();
}
