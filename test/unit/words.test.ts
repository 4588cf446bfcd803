import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function check(folder: string) {
  return spawnSync(process.execPath, ['scripts/check-words.mjs', folder], { cwd: ROOT, encoding: 'utf8' });
}

function copyOfSource(): string {
  const copy = join(tempDir('words'), 'src');
  cpSync(join(ROOT, 'src'), copy, { recursive: true });
  return copy;
}

describe('the words of the glossary', () => {
  it('one in an exported name of another room is told at its place, and nothing else is', LIMIT, () => {
    const copy = copyOfSource();
    const sink = [
      'export class ExpressLane {}',
      'export interface LaneSwitch {}',
      'export const SPARE_LANES = 1;',
      'const lane = 1;',
      'export class Airplane {}',
      'export { lane };',
    ];
    const engine = ['export type ClientQueueOptions = string;', 'export class Client {}', 'export class Queue {}'];
    writeFileSync(join(copy, 'mqtt/sink/planted.ts'), sink.join('\n'));
    writeFileSync(join(copy, 'engine/planted.ts'), engine.join('\n'));
    const { status, stderr } = check(copy);
    const at = (place: string) => `${relative(ROOT, copy)}/${place}`;
    const told = stderr.trim().split('\n');
    const expected = [
      at('engine/planted.ts:1: ClientQueueOptions: "client queue" is a word of mqtt/sink '),
      at('mqtt/sink/planted.ts:1: ExpressLane: "lane" is a word of engine '),
      at('mqtt/sink/planted.ts:2: LaneSwitch: "lane" is a word of engine '),
      at('mqtt/sink/planted.ts:3: SPARE_LANES: "lane" is a word of engine '),
      at('mqtt/sink/planted.ts:6: lane: "lane" is a word of engine '),
    ];
    for (const line of expected)
      assert.ok(
        told.some((other) => other.startsWith(line)),
        `${line}\n${stderr}`,
      );
    assert.deepEqual([told.length, status], [expected.length, 1], stderr);
  });

  it('one that no name of its room has any more is told', LIMIT, () => {
    const copy = copyOfSource();
    rmSync(join(copy, 'mqtt/protocol/session/packet-boundary.ts'));
    const { status, stderr } = check(copy);
    assert.equal(stderr, 'ARCHITECTURE.md: no name in mqtt/protocol has the word packet boundary\n');
    assert.equal(status, 1);
  });
});
