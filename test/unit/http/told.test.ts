import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { ToldConnections } from '../../../src/http/told/told-connections.js';
import { ToldEvents } from '../../../src/http/told/told-events.js';
import { ToldTables } from '../../../src/http/told/told-tables.js';
import { boundedFacts } from '../../../src/metrics/bounded-facts.js';

const at = (ms: number) => ({ ms, time: new Date(ms).toISOString() });

describe('what is kept of events', () => {
  it('is bounded: texts are visible and cut, lists and depth are cut, bytes are left out, an error is what it tells', () => {
    const error = new MillraceError('TIMEOUT', 'late', { cause: new Error('secret'), details: { after: 3 } });
    let deep: object = {};
    for (let depth = 0; depth < 100; depth += 1) deep = { deep };
    const facts = boundedFacts({
      topic: `\u001b[2J${'x'.repeat(5000)}`,
      list: Array.from({ length: 100 }, (_, index) => index),
      payload: new Uint8Array(9),
      deep,
      error,
      other: Object.assign(new Error('plain'), { password: 'p' }),
      count: 3n,
      no: undefined,
    });
    const json = JSON.stringify(facts);
    assert.ok(json.length < 2500, json);
    assert.ok(!json.includes('secret') && !json.includes('password'), json);
    assert.match(String(facts.topic), /^\\u001b\[2Jx+…$/);
    assert.deepEqual(Object.keys(facts), ['topic', 'list', 'deep', 'error', 'other', 'count']);
    assert.deepEqual(facts.error, { ...error.toJSON(), details: { after: 3 } });
  });

  it('have at most 8,192 characters each, whatever is in them', () => {
    const filters = Array.from({ length: 16 }, () => 'f'.repeat(2000));
    const facts = boundedFacts(Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`list${index}`, filters])));
    assert.ok(JSON.stringify(facts).length < 12_000);
  });

  it('of different partitions and nodes are different, though they come at once', () => {
    const events = new ToldEvents();
    for (const partition of [0, 1])
      events.add('partition-running', { job: 'a', partition }, at(0), () => ({ partition }));
    for (const node of ['a', 'b']) events.add('node-joined', { job: 'a', node }, at(0), () => ({ node }));
    assert.equal(events.since(0).length, 4);
  });

  it('are the last 500, and what comes again within a second is counted, so that a flood pushes nothing out', () => {
    const events = new ToldEvents();
    events.add('session-lost', { name: 'source a' }, at(0), () => ({ name: 'source a' }));
    for (let index = 0; index < 10_000; index += 1)
      events.add('message-again', { source: 'a', topic: `t${index}` }, at(index / 10), () => ({ topic: `t${index}` }));
    assert.deepEqual(
      events.since(0).map(({ event, times, facts }) => [event, times, facts.topic]),
      [
        ['session-lost', 1, undefined],
        ['message-again', 10_000, 't0'],
      ],
    );
    for (let index = 0; index < 600; index += 1) events.add('connect', { name: `${index}` }, at(5000), () => ({}));
    assert.equal(events.since(0).length, 500);
    assert.deepEqual(events.since(events.lastSeq - 1).length, 1);
    assert.deepEqual(events.since(events.lastSeq), []);
  });

  it('of connections is how each stands, since when it is so, and why', () => {
    const connections = new ToldConnections();
    const error = { code: 'CONNECT_FAILED', message: 'refused', advice: 'look' };
    connections.connect({ name: 'source a', server: 'h:1', clientId: 'a', password: 'p' }, 't1');
    connections.disconnect({ name: 'source a', error, next: 'retry' }, 't2');
    connections.disconnect({ name: 'source a', error, next: 'retry' }, 't3');
    const trouble = { ...error, retried: true };
    const session = { server: 'h:1', clientId: 'a' };
    assert.deepEqual(connections.all, [{ name: 'source a', connected: false, since: 't2', session, trouble }]);
    connections.connect({ name: 'source a', server: 'h:2' }, 't4');
    assert.deepEqual(connections.of('source a')?.trouble, undefined);
    for (let index = 0; index < 300; index += 1) connections.connect({ name: `x-${index}` }, 't5');
    assert.equal(connections.all.length, 256);
  });

  it('of tables is which a job waits for, since when and why, until it has them or has left', () => {
    const tables = new ToldTables();
    const error = { code: 'CONNECT_FAILED', message: 'refused', advice: 'look' };
    tables.waiting({ job: 'a', table: 'sites/+', error: { ...error, message: 'no' } }, 't1');
    tables.waiting({ job: 'a', table: 'sites/+', error }, 't2');
    tables.waiting({ job: 'a', table: 'staff/+', error }, 't3');
    tables.waiting({ job: 'b', table: 'sites/+', error }, 't4');
    tables.loaded({ job: 'a', table: 'staff/+' });
    assert.deepEqual(tables.of('a'), [{ name: 'sites/+', since: 't1', trouble: error }]);
    tables.left('a');
    assert.deepEqual(tables.of('a'), []);
    assert.equal(tables.of('b').length, 1);
    for (let index = 0; index < 300; index += 1) tables.waiting({ job: 'c', table: `${index}`, error }, 't5');
    assert.deepEqual([tables.of('b').length, tables.of('c').length], [0, 256]);
  });
});
