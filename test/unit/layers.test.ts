import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CheckedCopy } from '../support/checked-copy.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Breach {
  readonly title: string;
  readonly file: string;
  readonly code: string;
  readonly told: string;
}

const TICK = 'engine/tick/planted.ts';
const CODEC = 'mqtt/protocol/codec/planted.ts';
const names = (name: string) => `names ${name}: `;

const BREACHES: readonly Breach[] = [
  {
    title: 'an import up the stairs',
    file: CODEC,
    code: "import '../../connection/connection.js';",
    told: 'imports mqtt/connection/connection.js: mqtt/protocol may import only from errors',
  },
  {
    title: 'a type that is imported up the stairs',
    file: CODEC,
    code: "import type { Job } from '../../../engine/job/job.js';",
    told: 'imports engine/job/job.js: ',
  },
  {
    title: 'a type that is imported where it is used',
    file: CODEC,
    code: "type Job = import('../../../engine/job/job.js').Job;",
    told: 'imports engine/job/job.js: ',
  },
  {
    title: 'an export from up the stairs',
    file: 'pipeline/planted.ts',
    code: "export * from '../engine/index.js';",
    told: 'imports engine/index.js: ',
  },
  {
    title: 'a way around that leads to another layer',
    file: 'mqtt/protocol/planted.ts',
    code: "import '../../mqtt/connection/connection.js';",
    told: 'imports ../../mqtt/connection/connection.js, which is written ../connection/connection.js',
  },
  {
    title: 'a way around that leads to the own layer',
    file: CODEC,
    code: "import './../session/session.js';",
    told: 'imports ./../session/session.js, which is written ../session/session.js',
  },
  {
    title: 'a way around by the folder of all',
    file: 'mqtt/protocol/planted.ts',
    code: "import '../../../src/mqtt/connection/connection.js';",
    told: 'imports ../../../src/mqtt/connection/connection.js, which does not lie in src',
  },
  {
    title: "the package's own entry",
    file: 'engine/planted.ts',
    code: "import '../index.js';",
    told: 'imports index.js: engine may import only from ',
  },
  {
    title: 'a closed folder inside of an open one',
    file: 'engine/planted.ts',
    code: "import '../connector/testing/index.js';",
    told: 'imports connector/testing/index.js: ',
  },
  {
    title: 'a package that is not of this layer',
    file: 'engine/planted.ts',
    code: "import 'lmdb';",
    told: 'imports lmdb: no package that engine may import',
  },
  {
    title: 'a platform module in a pure folder',
    file: CODEC,
    code: "import 'node:timers';",
    told: 'imports node:timers: mqtt/protocol is pure, ',
  },
  { title: 'a timer', file: TICK, code: 'setTimeout(() => {}, 1);', told: names('setTimeout') },
  { title: 'a microtask', file: CODEC, code: 'queueMicrotask(() => {});', told: names('queueMicrotask') },
  { title: 'a clock', file: TICK, code: 'export const a = Date.now();', told: names('Date') },
  { title: 'another clock', file: TICK, code: 'export const b = performance.now();', told: names('performance') },
  { title: 'a clock by the global object', file: TICK, code: 'globalThis.Date.now();', told: names('globalThis') },
  { title: 'chance', file: TICK, code: 'export const c = Math.random();', told: 'may name Math.random: ' },
  {
    title: 'chance by a string',
    file: TICK,
    code: "export const d = Math['random']();",
    told: 'may name Math.random: ',
  },
  { title: 'chance, taken out', file: TICK, code: 'const { random } = Math;', told: 'may name Math.random: ' },
  { title: 'output', file: TICK, code: "console.log('');", told: names('console') },
  { title: 'cryptography', file: TICK, code: 'crypto.randomUUID();', told: names('crypto') },
  { title: 'the process', file: CODEC, code: 'export const e = { process };', told: names('process') },
  { title: 'a promise', file: TICK, code: 'export const f = Promise.resolve();', told: names('Promise') },
  {
    title: 'an asynchronous function',
    file: TICK,
    code: 'export const g = async () => {};',
    told: 'is asynchronous: ',
  },
  {
    title: 'an import at run time',
    file: CODEC,
    code: "export const h = import('./x.js');",
    told: 'imports while it runs: ',
  },
  {
    title: 'the place of a module',
    file: TICK,
    code: 'export const i = import.meta.url;',
    told: 'names import.meta: ',
  },
  { title: 'a room that the table does not have', file: 'attic/planted.ts', code: '', told: 'lies in no layer' },
];

/** What looks like a breach and is none. */
const ALLOWED = `
import type { Ready } from './ready.js';
export interface Waits { ready(): Promise<void>; date: Date }
export const allowed = (machine: { process(): number; Date: number }, now: number) => Math.max(machine.process(), machine.Date, now);
export type Both = Ready & Waits;
`;

describe('the layers', () => {
  it('every breach that is planted in a copy of src is told at its place, and nothing else is', LIMIT, () => {
    const copy = new CheckedCopy('check-layers.mjs');
    const lines = new Map<string, number>();
    const expected = BREACHES.map(({ file, code, told }) => {
      const line = (lines.get(file) ?? 0) + 1;
      lines.set(file, line);
      copy.plant(file, code);
      return copy.at(`${file}:${line}: ${told}`);
    });
    copy.plant('engine/tick/allowed.ts', ALLOWED);
    const { status, told } = copy.check();
    for (const [index, start] of expected.entries()) {
      assert.ok(
        told.some((line) => line.startsWith(start)),
        `${BREACHES[index]?.title} is not told: ${start}\n${told.join('\n')}`,
      );
    }
    // the last line says where the table is
    assert.deepEqual([told.length, status], [expected.length + 1, 1], told.join('\n'));
  });

  it('a circle of imports is refused, also one of types alone', LIMIT, () => {
    const folder = tempDir('circle');
    cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    writeFileSync(join(folder, 'one.ts'), "import type { Two } from './two.js';\n\nexport type One = Two[];\n");
    writeFileSync(join(folder, 'two.ts'), "import type { One } from './one.js';\n\nexport type Two = One[];\n");
    writeFileSync(join(folder, 'three.ts'), "import type { One } from './one.js';\n\nexport type Three = One[];\n");
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [biome, 'ci', '--vcs-enabled=false', '--colors=off', '--reporter=github', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    const told = [...`${stdout}${stderr}`.matchAll(/noImportCycles,file=[^,]*?([a-z]+\.ts),/g)].map(([, file]) => file);
    assert.deepEqual([told.sort(), status], [['one.ts', 'two.ts'], 1], `${stdout}${stderr}`);
  });
});
