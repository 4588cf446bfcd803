import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CheckedCopy } from '../support/checked-copy.js';
import { LIMIT } from '../support/limits.js';

const IN_SINK = [
  'export class ExpressLane {}',
  'export interface LaneSwitch {}',
  'export const SPARE_LANES = 1;',
  'const lane = 1;',
  'export class Airplane {}',
  'export { lane };',
];
const IN_ENGINE = ['export type ClientQueueOptions = string;', 'export class Client {}', 'export class Queue {}'];

describe('the words of the glossary', () => {
  it('one in an exported name of another room is told at its place, and nothing else is', LIMIT, () => {
    const copy = new CheckedCopy('check-words.mjs');
    copy.plant('mqtt/sink/planted.ts', ...IN_SINK);
    copy.plant('engine/planted.ts', ...IN_ENGINE);
    const { status, told } = copy.check();
    const lane = '"lane" is a word of engine (ARCHITECTURE.md, Words)';
    const expected = [
      copy.at(
        'engine/planted.ts:1: ClientQueueOptions: "client queue" is a word of mqtt/sink (ARCHITECTURE.md, Words)',
      ),
      copy.at(`mqtt/sink/planted.ts:1: ExpressLane: ${lane}`),
      copy.at(`mqtt/sink/planted.ts:2: LaneSwitch: ${lane}`),
      copy.at(`mqtt/sink/planted.ts:3: SPARE_LANES: ${lane}`),
      copy.at(`mqtt/sink/planted.ts:6: lane: ${lane}`),
    ];
    assert.deepEqual([...told].sort(), expected);
    assert.equal(status, 1);
  });

  it('one that no name of its room has any more is told', LIMIT, () => {
    const copy = new CheckedCopy('check-words.mjs');
    rmSync(join(copy.folder, 'mqtt/protocol/session/present/packet-boundary.ts'));
    assert.deepEqual(copy.check(), {
      status: 1,
      told: ['ARCHITECTURE.md: no name in mqtt/protocol has the word packet boundary'],
    });
  });
});
