/** Eight processes, conflicting messages, cleanups of live rows every second, and kills. As it is: double signatures. Protected: none. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Validator, World, conflicts } from './world.mjs';

const STORM_MS = Number(process.env.STORM_SECONDS ?? 20) * 1000;
const LIMIT = { timeout: STORM_MS + 100_000 };
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

async function storm(world) {
  const rollup = await world.newRollup({ horizon_slots: null });
  const journal = `${process.env.AZTEC_JOURNAL}.storm`;
  writeFileSync(journal, '');
  const keys = JSON.stringify(Array.from({ length: 3 }, () => new Validator().privateKey.toString()));
  const until = Date.now() + STORM_MS;
  const start = number => {
    const args = [`node-${number}`, world.isProtected ? 'guarded' : 'plain', rollup.address.toString(), journal, keys, String(until)];
    return spawn(process.execPath, [fileURLToPath(new URL('./storm_node.mjs', import.meta.url)), ...args], {
      env: { ...process.env, STORM_MS: String(STORM_MS) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  const nodes = Array.from({ length: 8 }, (_, number) => start(number));
  let kills = 0;
  while (Date.now() < until - 3_000) {
    await pause(2_000);
    const number = Math.floor(Math.random() * nodes.length);
    if (nodes[number].kill('SIGKILL')) {
      kills++;
    }
    nodes[number] = start(number);
  }
  await Promise.all(nodes.map(node => (node.exitCode === null && node.signalCode === null ? once(node, 'exit') : null)));
  const lines = readFileSync(journal, 'utf8').split('\n');
  rmSync(journal);
  const signed = lines.filter(line => line.startsWith('signed ')).map(line => line.slice(7));
  const outcomes = {};
  for (const line of lines.filter(each => each.startsWith('outcome '))) {
    outcomes[line.slice(8)] = (outcomes[line.slice(8)] ?? 0) + 1;
  }
  const doubles = conflicts(signed);
  console.log(`${world.isProtected ? 'protected' : 'as it is'}: ${signed.length} signatures, ${kills} kills, duties with two messages: ${doubles};`, outcomes);
  return { signed: signed.length, doubles };
}

test('the storm bites where nothing protects', LIMIT, async () => {
  const { doubles } = await storm(worlds[0]);
  assert.ok(doubles > 0);
});

test('and signs nothing twice where the table is protected', LIMIT, async () => {
  const { signed, doubles } = await storm(worlds[1]);
  assert.equal(doubles, 0);
  assert.ok(signed > 50);
});
