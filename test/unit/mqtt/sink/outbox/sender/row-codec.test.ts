import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MillraceError } from '../../../../../../src/errors/millrace-error.js';
import type { Properties } from '../../../../../../src/mqtt/protocol/properties.js';
import { Row, type RowContent } from '../../../../../../src/mqtt/sink/message/row.js';
import { RowCodec } from '../../../../../../src/mqtt/sink/outbox/sender/row-codec.js';
import { SeqStages } from '../../../../../../src/mqtt/sink/outbox/sender/seq-stages.js';
import { fc } from '../../../../../support/fast-check.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'));
const topic = text.filter((value) => value !== '' && !/[#+]/.test(value));
const bytes = fc.uint8Array({ maxLength: 200 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

const properties: fc.Arbitrary<Properties | undefined> = fc.option(
  fc
    .record(
      {
        payloadFormatIndicator: fc.constantFrom(0, 1),
        messageExpiryInterval: uint32,
        contentType: text,
        responseTopic: topic,
        correlationData: bytes,
        userProperties: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .filter((given) => Object.keys(given).length > 0),
  { nil: undefined },
);

const content: fc.Arbitrary<RowContent> = fc.record(
  { topic, payload: bytes, qos: fc.constantFrom(0, 1, 2), retain: fc.boolean(), properties },
  { noNullPrototype: true },
);

const codec = new RowCodec();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the coding of outbox rows', () => {
  it('gives back every message as it was', () => {
    fc.assert(fc.property(content, (row) => assert.deepEqual(codec.decode(codec.encode(row)), row)));
  });

  it('rows keep what they are, whatever is encoded after them, in memory of their own or next to each other', () => {
    const rows = Array.from({ length: 3000 }, (_, index) => {
      const payload = new Uint8Array(index % 50 === 0 ? 5000 : index % 120).fill(index % 256);
      return { topic: `t/${index}`, payload, qos: 2, retain: index % 2 === 0, properties: undefined } as const;
    });
    const encoded = rows.map((row) => codec.encode(row));
    assert.deepEqual(
      encoded.map((row) => codec.decode(row)),
      rows,
    );
    const buffers = new Set(encoded.filter(({ length }) => length < 200).map(({ buffer }) => buffer));
    assert.ok(buffers.size < 30, 'small ones share their memory');
    assert.ok(
      [...buffers].every(({ byteLength }) => byteLength <= 16_384),
      'one that stays keeps few others',
    );
    const large = encoded.filter(({ length }) => length > 5000);
    assert.ok(large.every(({ length, buffer }) => buffer.byteLength === length));
  });

  it('takes a topic that its sender should have left be: the message came with it', () => {
    const odd = 'a\u0007\u0085\uffff/\u{10ffff}';
    const row = {
      topic: odd,
      payload: new Uint8Array(1),
      qos: 2,
      retain: false,
      properties: { responseTopic: odd },
    } as const;
    assert.deepEqual(codec.decode(codec.encode(row)), row);
  });

  it('is compact: 4 bytes besides topic and payload', () => {
    const row = { topic: 'abc', payload: new Uint8Array(10), qos: 2, retain: false, properties: undefined } as const;
    assert.equal(codec.encode(row).length, 4 + 3 + 10);
  });

  it('copies the payload, which may be changed afterwards', () => {
    const payload = Buffer.from('before');
    const row = codec.encode({ topic: 't', payload, qos: 2, retain: false, properties: undefined });
    payload.fill(0);
    assert.equal(Buffer.from(codec.decode(row).payload).toString(), 'before');
  });

  it('holds of a plain message what it would read of its row, and of one with properties nothing', () => {
    fc.assert(
      fc.property(content, (given) => {
        const row = codec.encode(given);
        const held = codec.hold(given, row);
        assert.equal(held === undefined, given.properties !== undefined);
        if (held !== undefined) assert.deepEqual(held, new Row(held.index, codec.decode(row)));
      }),
    );
    const timed = { topic: 't', payload: bytesOf('7'), qos: 2, retain: false, properties: undefined } as const;
    assert.equal(codec.hold({ ...timed, expiresAtMs: 5 }, codec.encode({ ...timed, expiresAtMs: 5 })), undefined);
  });

  it('holds the payload as the row has it, in the same memory: it may be changed afterwards', () => {
    const given = { topic: 't', payload: bytesOf('before'), qos: 2, retain: false, properties: undefined } as const;
    for (const payload of [given.payload, new Uint8Array(5000).fill(7)]) {
      const before = payload.slice();
      const row = codec.encode({ ...given, payload });
      const held = codec.hold({ ...given, payload }, row);
      payload.fill(0);
      assert.deepEqual(held?.payload, before);
      assert.equal(held?.payload.buffer, row.buffer);
    }
  });

  it('keeps nothing of the text that a topic is a piece of', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const own = new RowCodec();
    const held: (Row | undefined)[] = [];
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    for (let index = 0; index < 200; index += 1) {
      const line = Buffer.from(`devices/of-number-${index}/alarm `.padEnd(100_000, 'x')).toString('latin1');
      // remembered by the codec, and too long for that
      for (const end of [line.indexOf(' '), 1000]) {
        const plain = {
          topic: line.slice(0, end),
          payload: bytesOf('7'),
          qos: 2,
          retain: false,
          properties: undefined,
        } as const;
        held.push(own.hold(plain, own.encode(plain)));
      }
    }
    const bytes = used() - before;
    assert.equal(held.length, 400);
    assert.ok(bytes < 5_000_000, `${bytes} bytes for the topics of 200 lines that have 20 MB`);
  });

  it('refuses what it cannot have made with STORE_CORRUPT, and nothing else', () => {
    const judge = (changed: Uint8Array): void => {
      try {
        const row = codec.decode(changed);
        const again = codec.encode(row);
        // a flag for properties and none behind it: as versions before 0.2 made it
        const isFormer = ((changed[1] ?? 0) & 0b1000) !== 0 && ((again[1] ?? 0) & 0b1000) === 0;
        if (isFormer) assert.equal(again.length, changed.length - 1);
        else assert.deepEqual([...again], [...changed], 'what it takes it could have made');
      } catch (error) {
        assert.ok(error instanceof MillraceError, String(error));
        assert.equal(error.code, 'STORE_CORRUPT');
      }
    };
    fc.assert(
      fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (row, at, change) => {
        const good = codec.encode(row);
        const wrong = good.slice();
        wrong[at % wrong.length] = (wrong[at % wrong.length] ?? 0) ^ change;
        judge(wrong);
        judge(good.subarray(0, at % good.length));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), judge), { numRuns: 500 });
  });

  it('refuses another version, another QoS, unknown flags and an empty row', () => {
    const good = codec.encode({ topic: 't', payload: new Uint8Array(1), qos: 2, retain: true, properties: undefined });
    for (const [at, value] of [
      [0, 2],
      [1, 3],
      [1, 0x12],
    ] as const) {
      const wrong = good.slice();
      wrong[at] = value;
      assert.throws(() => codec.decode(wrong), { code: 'STORE_CORRUPT' });
    }
    assert.throws(() => codec.decode(new Uint8Array()), { code: 'STORE_CORRUPT' });
  });

  it('takes an empty list of properties for none, also in a row that was stored as if it had some', () => {
    const none = { topic: 't', payload: Uint8Array.of(7), qos: 1, retain: false, properties: undefined } as const;
    const encoded = codec.encode({ ...none, properties: { userProperties: [] } });
    assert.deepEqual(codec.decode(encoded), none);
    // version, flags, topic, length of the properties, payload
    const stored = Uint8Array.of(1, 0b1001, 0, 1, 't'.charCodeAt(0), 0, 7);
    assert.deepEqual(codec.decode(stored), none);
  });

  it('takes no topic with wildcards, no empty one, and no invalid property', () => {
    const row = { payload: new Uint8Array(), qos: 2, retain: false, properties: undefined } as const;
    for (const wrong of ['a/#', '+', '']) {
      assert.throws(() => codec.encode({ ...row, topic: wrong }), { code: 'INVALID_TOPIC' });
    }
    const invalid = { ...row, topic: 't', properties: { messageExpiryInterval: -1 } };
    assert.throws(() => codec.encode(invalid), { code: 'INVALID_MESSAGE' });
  });
});

describe('the stages of outbox rows', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('receive', 'complete', 'forget'), fc.nat(3000)), { maxLength: 400 });

  it('are those of a simple list, whatever the order', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 59_000, 2 ** 32 - 5), (all, first) => {
        const stages = new SeqStages(first);
        const model = new Map<number, 'received' | 'done'>();
        for (const [step, offset] of all) {
          const seq = first + offset;
          if (step === 'forget') {
            stages.forgetReceived();
            for (const [one, stage] of model) if (stage === 'received') model.delete(one);
          } else if (step === 'complete') {
            stages.complete(seq);
            model.set(seq, 'done');
          } else {
            stages.receive(seq);
            if (!model.has(seq)) model.set(seq, 'received');
          }
        }
        let low = first;
        while (model.get(low) === 'done') low += 1;
        assert.equal(stages.low, low);
        for (const stage of ['received', 'done'] as const) {
          const seqs = [...model.keys()].filter((seq) => seq >= low && model.get(seq) === stage);
          assert.deepEqual(
            expand(stages.runs(stage), low),
            seqs.sort((a, b) => a - b),
          );
        }
        for (let seq = low; seq < low + 50; seq += 1) assert.equal(stages.get(seq), model.get(seq) ?? 'open');
      }),
      { numRuns: 200 },
    );
  });
});

const expand = (runs: Uint32Array, low: number): number[] => {
  const seqs: number[] = [];
  for (let at = 0; at < runs.length; at += 2) {
    for (let seq = low + (runs[at] ?? 0); seq < low + (runs[at + 1] ?? 0); seq += 1) seqs.push(seq);
  }
  return seqs;
};
