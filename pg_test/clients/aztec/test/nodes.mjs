/** Rollups, validators and nodes for the tests. Each node is the package's own signer on a connection pool of its own. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';

import { BlockNumber, CheckpointNumber, IndexWithinCheckpoint, SlotNumber } from '@aztec/foundation/branded-types';
import { Buffer32 } from '@aztec/foundation/buffer';
import { Secp256k1Signer, makeEthSignDigest, recoverAddress } from '@aztec/foundation/crypto/secp256k1-signer';
import { EthAddress } from '@aztec/foundation/eth-address';
import { DutyAlreadySignedError, SlashingProtectionError } from '@aztec/validator-ha-signer/errors';
import { DutyType, getBlockIndexFromDutyIdentifier } from '@aztec/validator-ha-signer/types';
import { ValidatorHASigner } from '@aztec/validator-ha-signer/validator-ha-signer';
import pg from 'pg';

import { dutyKey, journal, journalled, note } from './journal.mjs';
import { SlashguardDatabase } from '../slashguard_database.mjs';

/** Longer than any test may take: where a lease or a wait of this length ends, the test has failed long before. */
export const FOR_EVER_MS = 3_600_000;

/** Ends a test that hangs. Nothing is concluded from how long a test takes. */
export const LIMIT = { timeout: 120_000 };

export const newHash = () => Buffer32.random();

export const blockProposal = (slot, blockIndexWithinCheckpoint = 0) => ({
  dutyType: DutyType.BLOCK_PROPOSAL,
  slot,
  blockNumber: BlockNumber(700 + blockIndexWithinCheckpoint),
  blockIndexWithinCheckpoint: IndexWithinCheckpoint(blockIndexWithinCheckpoint),
});
export const checkpointProposal = slot => ({
  dutyType: DutyType.CHECKPOINT_PROPOSAL,
  slot,
  blockNumber: CheckpointNumber(70),
});
export const attestation = slot => ({ dutyType: DutyType.ATTESTATION, slot, blockNumber: BlockNumber(700) });
export const attestationsAndSigners = slot => ({
  dutyType: DutyType.ATTESTATIONS_AND_SIGNERS,
  slot,
  blockNumber: BlockNumber(700),
});
export const governanceVote = slot => ({ dutyType: DutyType.GOVERNANCE_VOTE, slot });
export const slashingVote = slot => ({ dutyType: DutyType.SLASHING_VOTE, slot });

/** A validator, the way Aztec's key stores hold one: a secp256k1 key and the address that belongs to it. */
export class Validator {
  constructor(privateKey = Buffer32.random()) {
    this.privateKey = privateKey;
    this.key = new Secp256k1Signer(privateKey);
    this.address = this.key.address;
  }

  /** eip191: the signature is over "\x19Ethereum Signed Message:\n32" and the hash; digest: over the hash itself. */
  sign(messageHash, scheme) {
    return scheme === 'digest' ? this.key.sign(messageHash) : this.key.signMessage(messageHash);
  }

  /** Whether `signature` is this validator's over `messageHash`. */
  made(signature, messageHash, scheme) {
    const digest = scheme === 'digest' ? messageHash : makeEthSignDigest(messageHash);
    return recoverAddress(digest, signature).equals(this.address);
  }
}

/** The owner's connection: registers chains, looks into the ledger. The nodes never use it. */
export const owner = new pg.Pool({ max: 2, allowExitOnIdle: true });

/** Registers a rollup whose slot 50,000 is the current one. */
export async function newRollup(options = {}) {
  const address = EthAddress.random();
  const chain = `rollup-${address}`;
  await owner.query(
    `SELECT slashguard.register_chain(chain => $1, rules => 'aztec', identity => $2,
       genesis_time => clock_timestamp() - 50000 * interval '72 s', slot_duration => '72 s', options => $3)`,
    [chain, `31337:${address}`, { first_use: 'trust', horizon_slots: null, ...options }],
  );
  return { chain, address, slot: SlotNumber(50_000) };
}

export class Node {
  /**
   * @param {string} nodeId
   * @param {{chain: string, address: EthAddress}} rollup
   * @param {object} settings - `role` and `timeZone`: of the database session; `connection`: of the pool; `config`: of
   *   the signer; all others: of SlashguardDatabase
   */
  constructor(nodeId, rollup, settings = {}) {
    const { role = process.env.AZTEC_NODE_ROLE, timeZone = 'UTC', connection, config, ...adapter } = settings;
    this.nodeId = nodeId;
    this.rollup = rollup;
    this.settings = settings;
    this.pool = new pg.Pool({ max: 10, options: `-c role=${role} -c timezone=${timeZone}`, ...connection });
    this.database = new SlashguardDatabase({
      pool: journalled(this.pool, nodeId),
      chains: { [rollup.address.toString()]: rollup.chain },
      leaseMs: FOR_EVER_MS,
      ...adapter,
    });
    this.signer = new ValidatorHASigner(this.database, {
      haSigningEnabled: true,
      l1Contracts: { rollupAddress: rollup.address },
      nodeId,
      pollingIntervalMs: 10,
      signingTimeoutMs: FOR_EVER_MS,
      ...config,
    });
  }

  /** Signs `context` through the package's signer; `beforeSigning` runs where the node holds the claim and has not signed yet. */
  async sign(validator, messageHash, context, { scheme = 'eip191', beforeSigning } = {}) {
    const key = keyOf(this.rollup, validator, context);
    return await this.signer.signWithProtection(validator.address, messageHash, context, async hash => {
      await beforeSigning?.();
      note({ kind: 'signature made', node: this.nodeId, key, messageHash: hash.toString() });
      return validator.sign(hash, scheme);
    });
  }

  /** One pass of the signer's own clean-up: start() begins one, stop() lets it end, and closes the pool, hence a second node. */
  async cleanUpOnce() {
    const { signer } = new Node(this.nodeId, this.rollup, this.settings);
    await signer.start();
    await signer.stop();
  }

  async stop() {
    await this.signer.stop();
  }
}

export function startNodes(t, count, rollup, settings) {
  return Array.from({ length: count }, (_, i) => {
    const node = new Node(`node-${i + 1}`, rollup, settings);
    t.after(() => node.stop());
    return node;
  });
}

/** A node that is a process of its own, with a clock and time zone of its own; it can be killed. */
export class ProcessNode {
  static async start(t, nodeId, rollup, settings = {}) {
    const { clockOffsetMs = 0, timeZone = 'UTC' } = settings;
    const child = fork(new URL('./node_process.mjs', import.meta.url), [], {
      execArgv: ['--import', new URL('./shifted_clock.mjs', import.meta.url).href],
      env: { ...process.env, CLOCK_OFFSET_MS: String(clockOffsetMs), TZ: timeZone },
    });
    const node = new ProcessNode(nodeId, rollup, child);
    t.after(() => node.kill());
    const { now } = await node.#call('start', {
      nodeId,
      rollup: { ...rollup, address: rollup.address.toString() },
      settings,
    });
    node.now = now;
    return node;
  }

  #child;
  #calls = new Map();
  #sequence = 0;
  #exited;

  constructor(nodeId, rollup, child) {
    this.nodeId = nodeId;
    this.rollup = rollup;
    this.#child = child;
    this.#exited = once(child, 'exit');
    child.on('message', ({ call, signing, result, error }) => {
      const { resolve, reject, onSigning } = this.#calls.get(call);
      if (signing) {
        onSigning?.();
      } else if (error) {
        reject(revive(error));
      } else {
        resolve(result);
      }
    });
    child.on('exit', () => {
      for (const { reject } of this.#calls.values()) {
        reject(new Error(`${nodeId} is dead`));
      }
    });
  }

  #call(operation, args, onSigning) {
    const call = ++this.#sequence;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject, onSigning });
      this.#child.send({ call, operation, args });
    });
  }

  /** As Node.sign. `hold`: stop for good after the claim, before the signature; `onSigning` tells when. Answers the signature's text. */
  sign(validator, messageHash, context, { hold = false, onSigning } = {}) {
    const args = { privateKey: validator.privateKey.toString(), messageHash: messageHash.toString(), context, hold };
    return this.#call('sign', args, onSigning);
  }

  cleanUpOnce() {
    return this.#call('cleanUpOnce');
  }

  /** kill -9: no handler runs, no connection is closed in good order. */
  async kill() {
    this.#child.kill('SIGKILL');
    const [, signal] = await this.#exited;
    return signal;
  }
}

/** Errors of the package cross the process boundary by name and fields. */
function revive({ name, message, ...fields }) {
  const classes = { DutyAlreadySignedError, SlashingProtectionError };
  const error = classes[name] ? Object.create(classes[name].prototype) : new Error(message);
  return Object.defineProperties(Object.assign(error, fields), { message: { value: message }, name: { value: name } });
}

export function keyOf(rollup, validator, context) {
  return dutyKey(rollup.chain, validator.address, context.slot, context.dutyType, getBlockIndexFromDutyIdentifier(context));
}

/** What all nodes together were answered when they asked for this duty. */
export function claimsFor(rollup, validator, context) {
  const key = keyOf(rollup, validator, context);
  return journal().filter(entry => entry.kind === 'try_acquire_duty' && entry.key === key);
}

export function outcomesFor(rollup, validator, context, node) {
  return claimsFor(rollup, validator, context)
    .filter(entry => node === undefined || entry.node === node.nodeId)
    .map(entry => entry.answer?.outcome ?? `error ${entry.error}`);
}

export function signaturesMade(rollup, validator, context) {
  const key = keyOf(rollup, validator, context);
  return journal().filter(entry => entry.kind === 'signature made' && entry.key === key);
}

/** Resolves once `condition` holds. No bound of its own: the test's time limit is one. */
export async function until(condition) {
  while (!(await condition())) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** Settles all; answers the values of those that signed and the errors of those that did not. */
export async function settle(promises) {
  const results = await Promise.allSettled(promises);
  return {
    signed: results.filter(({ status }) => status === 'fulfilled').map(({ value }) => value),
    refused: results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason),
  };
}

export function assertAllAreAlreadySigned(errors, byNode) {
  for (const error of errors) {
    assert.ok(error instanceof DutyAlreadySignedError, `expected DutyAlreadySignedError, got ${error}`);
    assert.equal(error.signedByNode, byNode);
  }
}

/** For assert.rejects: refused because `existing` is on record for the duty. */
export function slashingProtection(existing, attempted, byNode) {
  return error => {
    assert.ok(error instanceof SlashingProtectionError, `expected SlashingProtectionError, got ${error.stack}`);
    assert.equal(error.existingMessageHash, existing.toString());
    assert.equal(error.attemptedMessageHash, attempted.toString());
    assert.equal(error.signedByNode, byNode);
    return true;
  };
}

/** The signature on record, as any other node would be given it. */
export async function recorded(rollup, validator, context, messageHash) {
  const { rows } = await owner.query(
    `SELECT outcome, signature FROM slashguard.try_acquire_duty(chain => $1, validator => $2, slot => $3, duty_type => $4,
       message_hash => $5, node_id => 'auditor', block_index => $6)`,
    [
      rollup.chain,
      validator.address.toString(),
      context.slot.toString(),
      context.dutyType,
      messageHash.toString(),
      getBlockIndexFromDutyIdentifier(context),
    ],
  );
  assert.equal(rows[0].outcome, 'already_signed');
  return rows[0].signature;
}
