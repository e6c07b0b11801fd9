/** One node of the storm: signs whatever comes, fails, cleans up rows that are alive, until it is killed. */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { Buffer32 } from '@aztec/foundation/buffer';
import { EthAddress } from '@aztec/foundation/eth-address';

import { Node, Validator, World, attestation } from './world.mjs';

const [nodeId, worldName, rollup, journal, keys, until] = process.argv.slice(2);
const world = new World(worldName);
const validators = JSON.parse(keys).map(key => new Validator(Buffer32.fromString(key)));
const node = new Node(nodeId, { world, address: EthAddress.fromString(rollup) }, {
  max: 4,
  config: { pollingIntervalMs: 10, signingTimeoutMs: 100 },
});
const deadline = Number(until);
const began = deadline - Number(process.env.STORM_MS);

async function sign() {
  while (Date.now() < deadline) {
    const validator = validators[Math.floor(Math.random() * validators.length)];
    // Nodes meet at the same slots, and see two messages for each.
    const slot = 50_000 + Math.floor((Date.now() - began) / 250) - Math.floor(Math.random() * 3);
    const message = Math.random() < 0.5 ? 1 : 2;
    const hash = Buffer32.fromString(`0x${slot.toString(16).padStart(63, '0')}${message}`);
    const result = await node.sign(validator, hash, attestation(slot), {
      before: async () => {
        await pause(Math.random() * 40);
        if (Math.random() < 0.1) {
          throw new Error('no key store');
        }
        appendFileSync(journal, `signed ${validator.address}/${slot} ${message}\n`);
      },
    });
    appendFileSync(journal, `outcome ${result}\n`);
  }
}

async function cleanUp() {
  while (Date.now() < deadline) {
    await pause(1_000);
    for (const work of [
      () => node.database.cleanupOwnStuckDuties(nodeId, 0),
      () => node.database.cleanupOldDuties(0),
      () => node.database.cleanupOutdatedRollupDuties(node.rollup.address),
    ]) {
      await work().catch(() => {});
    }
  }
}

await Promise.all([sign(), sign(), sign(), cleanUp()]);
await node.stop();
