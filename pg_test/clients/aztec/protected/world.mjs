/**
 * Two tables of the package's own making, in two databases: one as it is, one protected by one call. The package's own classes work
 * on both, with nothing of slashguard's in them; their role has no right on anything of slashguard's.
 */
import { BlockNumber, CheckpointNumber, IndexWithinCheckpoint, SlotNumber } from '@aztec/foundation/branded-types';
import { Buffer32 } from '@aztec/foundation/buffer';
import { Secp256k1Signer } from '@aztec/foundation/crypto/secp256k1-signer';
import { EthAddress } from '@aztec/foundation/eth-address';
import { PostgresSlashingProtectionDatabase } from '@aztec/validator-ha-signer/db';
import { DutyAlreadySignedError, SlashingProtectionError } from '@aztec/validator-ha-signer/errors';
import { runMigrations } from '@aztec/validator-ha-signer/migrations';
import { DutyType } from '@aztec/validator-ha-signer/types';
import { ValidatorHASigner } from '@aztec/validator-ha-signer/validator-ha-signer';
import pg from 'pg';

const SLOT = 50_000;

export class World {
  /** @param {'plain'|'guarded'} name */
  constructor(name) {
    this.isProtected = name === 'guarded';
    this.database = `${process.env.PGDATABASE}_${name}`;
    this.role = `${this.database}_node`;
    this.owner = new pg.Pool({ database: this.database, max: 2, allowExitOnIdle: true });
  }

  async setUp() {
    await inServer(`CREATE DATABASE ${this.database}`);
    await inServer(`CREATE ROLE ${this.role}`);
    if (this.isProtected) {
      await this.owner.query('CREATE EXTENSION slashguard');
    }
    await this.migrate('up');
    await this.grant();
  }

  /** The package's own migrations. */
  migrate(direction) {
    const { PGHOST, PGPORT, PGUSER } = process.env;
    const socket = encodeURIComponent(PGHOST);
    return runMigrations(`postgresql://${PGUSER}@localhost:${PGPORT}/${this.database}?host=${socket}`, { direction });
  }

  async grant() {
    await this.owner.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${this.role}`);
  }

  async tearDown() {
    await this.owner.end();
    await inServer(`DROP DATABASE ${this.database} WITH (FORCE)`);
    await inServer(`DROP ROLE ${this.role}`);
  }

  /** A rollup whose slot 50,000 is the current one. In the protected world: the one call. */
  async newRollup(options = {}) {
    const address = EthAddress.random();
    const chain = `rollup-${address}`;
    if (this.isProtected) {
      await this.owner.query(
        `SELECT slashguard.protect_table($1, $2, $3, clock_timestamp() - ${SLOT} * interval '72 s', '72 s', $4)`,
        ['public.validator_duties', chain, `31337:${address}`, { first_use: 'trust', ...options }],
      );
    }
    return { world: this, address, chain, slot: SlotNumber(SLOT) };
  }
}

async function inServer(statement) {
  const client = new pg.Client();
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** A node: the package's own database class and signer, on a pool of its own. */
export class Node {
  constructor(nodeId, rollup, { config, ...connection } = {}) {
    const { database, role } = rollup.world;
    this.nodeId = nodeId;
    this.rollup = rollup;
    this.pool = new pg.Pool({ database, max: 10, options: `-c role=${role}`, ...connection });
    this.pool.on('error', () => {});
    this.database = new PostgresSlashingProtectionDatabase(this.pool);
    this.signer = new ValidatorHASigner(this.database, {
      haSigningEnabled: true,
      l1Contracts: { rollupAddress: rollup.address },
      nodeId,
      pollingIntervalMs: 20,
      signingTimeoutMs: 400,
      ...config,
    });
  }

  /** Signs, and says how that ended. */
  async sign(validator, messageHash, context, { before, key = validator } = {}) {
    try {
      await this.signer.signWithProtection(validator.address, messageHash, context, async hash => {
        await before?.();
        validator.made.push(`${context.slot}/${context.dutyType}/${context.blockIndexWithinCheckpoint} ${hash}`);
        return key.signer.signMessage(hash);
      });
      return 'signed';
    } catch (error) {
      return outcome(error);
    }
  }

  async stop() {
    await this.pool.end();
  }
}

export function outcome(error) {
  if (error instanceof DutyAlreadySignedError) {
    return error.signedByNode === 'unknown (timeout)' ? 'timed out' : 'already signed';
  }
  if (error instanceof SlashingProtectionError) {
    return 'slashing protection';
  }
  return error.code ? `error ${error.code}` : `failed: ${error.message}`;
}

export class Validator {
  constructor(privateKey = Buffer32.random()) {
    this.privateKey = privateKey;
    this.signer = new Secp256k1Signer(privateKey);
    this.address = this.signer.address;
    /** What was signed with this key. */
    this.made = [];
  }

  /** Whether two messages were signed for one duty. */
  get isSlashable() {
    return conflicts(this.made) > 0;
  }
}

/** How many duties of this list have two messages. Each entry: the duty, a space, the message. */
export function conflicts(made) {
  const messages = new Map();
  for (const entry of made) {
    const at = entry.lastIndexOf(' ');
    const duty = entry.slice(0, at);
    messages.set(duty, (messages.get(duty) ?? new Set()).add(entry.slice(at)));
  }
  return [...messages.values()].filter(set => set.size > 1).length;
}

export const newHash = () => Buffer32.random();
export const attestation = slot => ({ dutyType: DutyType.ATTESTATION, slot, blockNumber: BlockNumber(700) });
export const blockProposal = (slot, index = 0) => ({
  dutyType: DutyType.BLOCK_PROPOSAL,
  slot,
  blockNumber: BlockNumber(700 + index),
  blockIndexWithinCheckpoint: IndexWithinCheckpoint(index),
});
/** Everything that one validator may have to sign in a slot. */
export const wholeSlot = slot => [
  ...Array.from({ length: 10 }, (_, index) => blockProposal(slot, index)),
  { dutyType: DutyType.CHECKPOINT_PROPOSAL, slot, blockNumber: CheckpointNumber(70) },
  attestation(slot),
  { dutyType: DutyType.ATTESTATIONS_AND_SIGNERS, slot, blockNumber: BlockNumber(700) },
  { dutyType: DutyType.GOVERNANCE_VOTE, slot },
  { dutyType: DutyType.SLASHING_VOTE, slot },
];
