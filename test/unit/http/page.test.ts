import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobSnapshot, ToldEvent } from '../../../src/http/index.js';
import { EventParser } from '../../../src/http/page/event-parser.js';
import { JobChanges } from '../../../src/http/page/job-changes.js';
import { JobEvents } from '../../../src/http/page/job-events.js';
import { JobHistories } from '../../../src/http/page/job-history.js';
import { PartRates } from '../../../src/http/page/part-rates.js';
import { BOX, layoutOf } from '../../../src/http/page/picture-layout.js';
import { pictureOf } from '../../../src/http/page/picture-model.js';
import { JobHistories as ServedHistories } from '../../../src/http/snapshot/job-histories.js';

const LIMITS = { maxItemsInFlight: 100, maxBytesInFlight: 1000, maxOutboxMessages: 10, maxOutboxBytes: 100 };

/** From a broker over two stages to one sink, and past them to another. */
const ORDERS: JobSnapshot = {
  name: 'orders',
  status: 'RUNNING',
  plan: {
    guarantee: 'exactly-once',
    stored: true,
    parts: [
      { kind: 'source', name: 'in', called: 'in' },
      { kind: 'map', name: 'map', called: 'map' },
      { kind: 'filter', name: 'filter', called: 'filter' },
      { kind: 'sink', name: 'in-2', called: 'in' },
      { kind: 'sink', name: 'all', called: 'all' },
    ],
    edges: [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 3 },
      { from: 0, to: 4 },
    ],
    limits: LIMITS,
  },
  counts: {
    itemsReceived: 0,
    itemsAcknowledged: 0,
    itemsWritten: 0,
    itemsDelivered: 0,
    itemsSkipped: 0,
    itemsLate: 0,
    itemsDeadLettered: 0,
    itemsInFlight: 0,
    bytesInFlight: 0,
    itemsWaiting: 0,
    outboxMessages: 0,
    outboxBytes: 0,
    commits: 0,
  },
  rates: {
    overMs: 1000,
    receivedPerSecond: 0,
    acknowledgedPerSecond: 0,
    deliveredPerSecond: 0,
    commitsPerSecond: 0,
    commitMs: null,
    ackMs: null,
  },
  outboxes: [],
  windows: [],
  lags: [],
  sources: {},
  stages: {},
  sinks: {},
  sessions: [],
  awaitedTables: [],
  events: [],
  errors: [],
  reasons: [],
};

const NO_RATES = { received: () => undefined, taken: () => undefined, delivered: () => undefined };

const event = (seq: number, times = 1): ToldEvent => ({
  seq,
  time: '2026-01-01T00:00:00.000Z',
  event: 'retrying',
  times,
  facts: {},
});

const connection = (name: string, server: string, connected: boolean) => ({
  name,
  connected,
  since: '2026-01-01T00:00:00.000Z',
  session: { server },
  trouble: undefined,
});

const healthIn = (job: JobSnapshot, id: string): string => {
  const health = pictureOf(job, NO_RATES).nodes.find((node) => node.id === id)?.health;
  return `${health?.is}: ${health?.words}`;
};

describe('what the page makes of what it is sent', () => {
  it('is the same in whatever pieces the events come', () => {
    const text = 'event: events\ndata: [1]\n\nevent: jobs\ndata: {"a":"b: c"}\n\n';
    for (let size = 1; size <= text.length; size += 1) {
      const parser = new EventParser();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
      const expected = [
        { event: 'events', data: '[1]' },
        { event: 'jobs', data: '{"a":"b: c"}' },
      ];
      assert.deepEqual(found, expected, String(size));
    }
  });

  it('is bounded: a hundred events of a job, each once with its last count; five minutes of samples; no job that is gone', () => {
    const events = new JobEvents();
    for (let seq = 0; seq < 5000; seq += 25)
      events.add([{ ...ORDERS, events: Array.from({ length: 50 }, (_, index) => event(seq + index, seq)) }]);
    const kept = events.newest('orders');
    assert.equal(kept.length, 100);
    assert.equal(kept[0]?.[1].seq, 5024);
    assert.equal(kept[0]?.[1].times, 4975);
    events.add([]);
    assert.equal(events.newest('orders').length, 0);
    const histories = new JobHistories();
    for (let second = 0; second < 1000; second += 1) histories.add([ORDERS], second * 1000);
    assert.deepEqual([histories.of('orders').length, histories.of('orders')[0]?.atMs], [300, 700_000]);
    const seen = histories.of('orders');
    histories.add([], 1_000_000);
    assert.equal(histories.of('orders').length, 0);
    const server = new ServedHistories();
    for (let second = 0; second < 1000; second += 1) server.add([ORDERS], second * 1000);
    histories.goOnFrom(Object.fromEntries(server.rows));
    assert.deepEqual(histories.of('orders'), seen);
    server.add([], 1_000_000);
    assert.deepEqual([...server.rows], []);
  });

  it('has of the last minutes what the server saw before the page was there, and while it was cut off', () => {
    const at = (received: number): JobSnapshot => ({
      ...ORDERS,
      rates: { ...ORDERS.rates, receivedPerSecond: received },
    });
    const server = new ServedHistories();
    for (const second of [10, 15, 20, 25]) server.add([at(second)], second * 1000);
    const page = new JobHistories();
    page.add([at(5)], 5000);
    page.add([at(12)], 12_000);
    page.goOnFrom(JSON.parse(JSON.stringify(Object.fromEntries(server.rows))));
    page.add([at(25)], 25_000);
    assert.deepEqual(
      page.of('orders').map(({ atMs, received }) => [atMs, received]),
      [5, 10, 15, 20, 25].map((second) => [second * 1000, second]),
    );
  });

  it('is told to a screen reader where a status or a reason is new, and where all is well again', () => {
    const changes = new JobChanges();
    assert.deepEqual(changes.since([ORDERS]), []);
    assert.deepEqual(changes.since([ORDERS]), []);
    assert.deepEqual(changes.since([{ ...ORDERS, reasons: ['a', 'b'] }]), ['a.', 'b.']);
    assert.deepEqual(changes.since([{ ...ORDERS, reasons: ['b'] }]), []);
    assert.deepEqual(changes.since([ORDERS]), ['Job orders goes its way.']);
    assert.deepEqual(changes.since([{ ...ORDERS, status: 'SUSPENDED' }]), ['Job orders is SUSPENDED.']);
    assert.deepEqual(changes.since([]), ['Job orders has ended.']);
  });

  it('has rates of each source and sink, of a sink with an outbox what it was given besides', () => {
    const rates = new PartRates();
    const counted = (received: number, delivered: number, stored: number): JobSnapshot => ({
      ...ORDERS,
      sources: { in: { millrace_source_messages_total: received } },
      sinks: { in: { millrace_sink_delivered_total: delivered } },
      outboxes: [{ sink: 'in', messages: stored, bytes: 0, maxMessages: 10, maxBytes: 10 }],
    });
    const [source, , , sink] = ORDERS.plan.parts;
    assert.ok(source !== undefined && sink !== undefined);
    rates.add([counted(0, 0, 0)], 1000);
    const now = counted(400, 100, 300);
    rates.add([now], 3000);
    const { received, taken, delivered } = rates.of(now);
    assert.deepEqual([received(source), taken(sink), delivered(sink)], [200, 200, 50]);
  });
});

describe('the picture of a job', () => {
  const joined: JobSnapshot = {
    ...ORDERS,
    sessions: [connection('source in', 'mqtt://a:1', true), connection('in-0', 'mqtt://b:1', true)],
  };

  it('has brokers at its ends, each part behind what leads to it, and an edge for each way', () => {
    const { nodes, edges } = pictureOf(joined, NO_RATES);
    assert.deepEqual(
      nodes.map(({ title, layer }) => `${layer} ${title}`),
      ['0 a:1', '5 b:1', '1 in', '2 map', '3 filter', '4 in', '4 all'],
    );
    assert.equal(edges.length, 6);
  });

  it('goes across where there is room and down where not, no box lies on another, and no edge goes through one', () => {
    const picture = pictureOf(joined, NO_RATES);
    for (const room of [300, 2000]) {
      const { across, places, ways, width, height } = layoutOf(picture, room);
      assert.equal(across, room === 2000);
      const boxes = [...places.values()];
      assert.ok(boxes.every(({ x, y }) => x >= 0 && y >= 0 && x + BOX.width <= width && y + BOX.height <= height));
      for (const [index, one] of boxes.entries())
        for (const other of boxes.slice(index + 1))
          assert.ok(Math.abs(one.x - other.x) >= BOX.width || Math.abs(one.y - other.y) >= BOX.height);
      const inside = ways
        .flat()
        .filter((point) =>
          boxes.some(({ x, y }) => point.x > x && point.x < x + BOX.width && point.y > y && point.y < y + BOX.height),
        );
      assert.deepEqual(inside, []);
    }
  });

  it('shows where it stands still: who is away, which outbox is full, who waits for an answer, and what is held back by it', () => {
    const outbox = { sink: 'in', messages: 4, bytes: 10, maxMessages: 10, maxBytes: 100 };
    const away = { ...joined, sinks: { in: { millrace_connected: 0 } }, outboxes: [outbox] };
    assert.equal(healthIn(away, 'part in-2'), 'bad: not connected');
    assert.equal(healthIn(away, 'part in'), 'good: reads');
    const edgeTo = (job: JobSnapshot, id: string) => pictureOf(job, NO_RATES).edges.find(({ to }) => to === id)?.is;
    // there is room in the outbox
    assert.equal(edgeTo(away, 'part in-2'), 'good');
    const full = { ...away, outboxes: [{ ...outbox, messages: 10 }] };
    assert.equal(healthIn({ ...full, sinks: {} }, 'part in-2'), 'bad: outbox full');
    assert.equal(healthIn(full, 'part in'), 'slow: held back');
    assert.equal(edgeTo(full, 'part in-2'), 'bad');
    const silent = (unconfirmedMs: number): JobSnapshot => ({
      ...joined,
      windows: [{ sink: 'all', inFlight: 5, waiting: 0, unconfirmedMs }],
    });
    assert.deepEqual(
      [1000, 2000, 9000, 12_300].map((ms) => healthIn(silent(ms), 'part all')),
      ['good: writes', 'slow: no answers for 2 s', 'slow: no answers for 9 s', 'bad: no answers for 12 s'],
    );
    const waiting = { ...joined, windows: [{ sink: 'all', inFlight: 5, waiting: 15, unconfirmedMs: 0 }] };
    assert.equal(healthIn(waiting, 'part all'), 'slow: behind');
    assert.equal(healthIn({ ...waiting, status: 'SUSPENDED' }, 'part all'), 'idle: stopped');
    const gone = { ...joined, sessions: [connection('in-0', 'mqtt://b:1', false)] };
    assert.equal(healthIn(gone, 'out mqtt://b:1'), 'bad: away');
  });
});
