/** A validator node as a process of its own, told over IPC what to do. See ProcessNode in nodes.mjs. */
import { Buffer32 } from '@aztec/foundation/buffer';
import { EthAddress } from '@aztec/foundation/eth-address';

import { Node, Validator } from './nodes.mjs';

let node;

const operations = {
  start(_call, { nodeId, rollup, settings: { clockOffsetMs: _, ...settings } }) {
    node = new Node(nodeId, { ...rollup, address: EthAddress.fromString(rollup.address) }, settings);
    return { now: Date.now() };
  },

  async sign(call, { privateKey, messageHash, context, hold }) {
    const validator = new Validator(Buffer32.fromString(privateKey));
    const signature = await node.sign(validator, Buffer32.fromString(messageHash), context, {
      beforeSigning: async () => {
        process.send({ call, signing: true });
        if (hold) {
          await new Promise(() => {});
        }
      },
    });
    return signature.toString();
  },

  cleanUpOnce: () => node.cleanUpOnce(),
};

process.on('disconnect', () => process.exit());


process.on('message', async ({ call, operation, args }) => {
  try {
    process.send({ call, result: await operations[operation](call, args) });
  } catch (error) {
    process.send({ call, error: { ...error, name: error.name, message: error.message } });
  }
});
