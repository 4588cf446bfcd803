import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DeadLetter } from '../../../../../src/connector/dead-letter.js';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import { userPropertyPairs } from '../../../../../src/mqtt/connection/options/user-properties.js';
import type { AppendFile } from '../../../../../src/mqtt/sink/dead-letters/append-file.js';
import { deadLetterMessage } from '../../../../../src/mqtt/sink/dead-letters/dead-letter-message.js';
import { deadLetterRecord } from '../../../../../src/mqtt/sink/dead-letters/dead-letter-record.js';
import { fileSink } from '../../../../../src/mqtt/sink/dead-letters/file-sink.js';
import { FileWriter } from '../../../../../src/mqtt/sink/dead-letters/file-writer.js';
import { rowContent } from '../../../../../src/mqtt/sink/message/message-encoder.js';
import { onCleanup } from '../../../../support/cleanup.js';
import { deferred } from '../../../../support/deferred.js';
import { tempDir } from '../../../../support/temp-dir.js';

const letterOf = (text: string, extra: Partial<DeadLetter> = {}): DeadLetter => ({
  payload: Buffer.from(text),
  attributes: { topic: 'sensors/1', properties: undefined },
  error: new MillraceError('PUBLISH_REFUSED', 'refused', { reasonCode: 0x87 }),
  attempt: 3,
  timestampMs: Date.UTC(2026, 10, 22),
  origin: 'sink producer',
  ...extra,
});

const context = {
  job: 'test',
  guarantee: 'at-least-once',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
} as const;

const drain = async (
  writer: FileWriter | Awaited<ReturnType<ReturnType<typeof fileSink>['createWriter']>>,
  count: number,
) => {
  while (writer.progress().delivered < count) await writer.ready();
};

describe('a dead letter', () => {
  it('keeps payload and properties on 5.0 and says what happened in user properties', () => {
    const properties = { contentType: 'text/plain', userProperties: [['a', '1']] as const };
    const message = deadLetterMessage(letterOf('x', { attributes: { topic: 'sensors/1', properties } }), 5);
    assert.deepEqual(Buffer.from(message.payload).toString(), 'x');
    assert.equal(message.properties?.contentType, 'text/plain');
    assert.deepEqual(message.properties?.userProperties, [
      ['a', '1'],
      ['millrace-topic', 'sensors/1'],
      ['millrace-error-code', 'PUBLISH_REFUSED'],
      ['millrace-error', 'refused'],
      ['millrace-attempt', '3'],
      ['millrace-origin', 'sink producer'],
      ['millrace-timestamp', '2026-11-22T00:00:00.000Z'],
    ]);
  });

  it('has no property that would end the letter as it may have ended the message, or make it expire', () => {
    const unsendable = { responseTopic: 'a/#', userProperties: [['a', 'b'.repeat(70_000)]] as const };
    const properties = {
      contentType: 'c',
      messageExpiryInterval: 1,
      payloadFormatIndicator: 1,
      ...unsendable,
    } as const;
    const message = deadLetterMessage(letterOf('x', { attributes: { topic: 'a', properties } }), 5);
    assert.deepEqual(Object.keys(message.properties ?? {}), ['contentType', 'userProperties']);
    assert.equal(rowContent(message, { topic: 'dead', qos: 2, retain: false }).expiresAtMs, undefined);
    assert.equal(userPropertyPairs(message.properties?.userProperties ?? [])[0]?.[0], 'millrace-topic');
  });

  it('of an item of a stage has its key, and the item itself where that is no payload', () => {
    const item = { at: new Map([['k', 1n]]) };
    const message = deadLetterMessage(letterOf('', { payload: undefined, attributes: { item, key: 17n } }), 5);
    assert.equal(message.payload, "{ at: Map(1) { 'k' => 1n } }");
    const pairs = new Map(userPropertyPairs(message.properties?.userProperties ?? []));
    assert.deepEqual([pairs.get('millrace-key'), pairs.get('millrace-content')], ['17', 'inspected']);
    const text = deadLetterMessage(letterOf('{"a":1}', { attributes: { item: { a: 1 }, key: 'k' } }), 5);
    assert.equal(Buffer.from(text.payload).toString(), '{"a":1}');
  });

  it('shows an item to its last level, and what one has besides its payload', () => {
    const item = { at: { b: { c: { d: { e: 1n } } } }, list: Array.from({ length: 200 }, () => 1n) };
    const whole = letterOf('', { payload: undefined, attributes: { item } });
    for (const text of [JSON.parse(deadLetterRecord(whole)).item, deadLetterMessage(whole, 5).payload]) {
      assert.match(text, /e: 1n/);
      assert.doesNotMatch(text, /more items/);
    }
    const beside = letterOf('x', { attributes: { topic: undefined, fields: { device: 'boiler', n: 1n } } });
    assert.equal(JSON.parse(deadLetterRecord(beside)).fields, "{ device: 'boiler', n: 1n }");
    const pairs = new Map(userPropertyPairs(deadLetterMessage(beside, 5).properties?.userProperties ?? []));
    assert.equal(pairs.get('millrace-fields'), "{ device: 'boiler', n: 1n }");
    assert.equal(Buffer.from(deadLetterMessage(beside, 5).payload).toString(), 'x');
  });

  it('of an item that only looks like a message has its user properties in the shape that it gave them', () => {
    const attributes = { topic: 'a', properties: { userProperties: { a: 'b' } } };
    const message = deadLetterMessage(letterOf('x', { attributes }), 5);
    assert.deepEqual(userPropertyPairs(message.properties?.userProperties ?? [])[0], ['a', 'b']);
  });

  it('R22: carries the raw packet of a malformed message, as the payload on 5.0 and as `packet` in JSON', () => {
    const raw = Uint8Array.of(0x30, 4, 0, 1, 0, 0);
    const letter = letterOf('x', { attributes: { topic: undefined, raw, properties: { contentType: 'a' } } });
    const message = deadLetterMessage(letter, 5);
    assert.deepEqual(message.payload, raw);
    assert.deepEqual(Object.keys(message.properties ?? {}), ['userProperties'], 'its own properties are in the packet');
    assert.deepEqual(message.properties?.userProperties, [
      ...[
        ['millrace-error-code', 'PUBLISH_REFUSED'],
        ['millrace-error', 'refused'],
        ['millrace-attempt', '3'],
      ],
      ...[
        ['millrace-origin', 'sink producer'],
        ['millrace-timestamp', '2026-11-22T00:00:00.000Z'],
      ],
      ['millrace-content', 'packet'],
    ]);
    assert.equal(JSON.parse(deadLetterRecord(letter)).packet, Buffer.from(raw).toString('base64'));
    assert.equal(JSON.parse(String(deadLetterMessage(letter, 4).payload)).packet, Buffer.from(raw).toString('base64'));
  });

  it('has no control characters and no endless error text in its user properties', () => {
    const error = new MillraceError('INTERNAL', `a\u0000b\n${'x'.repeat(100_000)}\ud800`);
    const pairs = deadLetterMessage(letterOf('x', { error }), 5).properties?.userProperties;
    assert.ok(Array.isArray(pairs));
    const text = new Map<string, string>(pairs).get('millrace-error') ?? '';
    assert.ok(text.startsWith('a b x'));
    assert.equal(text.length, 1024);
  });

  it('is a JSON text with the payload in base64 on 3.x', () => {
    const attributes = { topic: 'sensors/1', properties: { correlationData: Buffer.from('id') } };
    const message = deadLetterMessage(letterOf('hello', { attributes }), 4);
    const record = JSON.parse(String(message.payload));
    assert.equal(record.topic, 'sensors/1');
    assert.equal(record.payload, Buffer.from('hello').toString('base64'));
    assert.equal(record.properties.correlationData, Buffer.from('id').toString('base64'));
    assert.equal(record.error.code, 'PUBLISH_REFUSED');
    assert.equal(record.error.reasonCode, 0x87);
    assert.equal(record.attempt, 3);
    assert.equal(message.properties, undefined);
  });
});

describe('DeadLetters.file', () => {
  it('appends one line of JSON for each, to a file that only its owner can read', async () => {
    const path = join(tempDir(), 'rejected.jsonl');
    const writer = await fileSink(path).createWriter(context);
    onCleanup(() => writer.close());
    assert.equal(writer.write([letterOf('a'), letterOf('b\nc')]), 2);
    writer.flush();
    await drain(writer, 2);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => Buffer.from(JSON.parse(line).payload, 'base64').toString()),
      ['a', 'b\nc'],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('keeps what an earlier run wrote and starts a new line after a torn one', async () => {
    const path = join(tempDir(), 'rejected.jsonl');
    writeFileSync(path, `${deadLetterRecord(letterOf('old'))}\n`);
    appendFileSync(path, '{"timestamp":"2026');
    const writer = await fileSink(path).createWriter(context);
    writer.write([letterOf('new')]);
    writer.flush();
    await drain(writer, 1);
    await writer.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.equal(lines.length, 4);
    assert.equal(lines[1], '{"timestamp":"2026');
    assert.equal(JSON.parse(lines[2] ?? '').payload, Buffer.from('new').toString('base64'));
  });

  it('a directory that does not exist is STORAGE_FAILED at opening', async () => {
    const path = join(tempDir(), 'nowhere', 'rejected.jsonl');
    await assert.rejects(fileSink(path).createWriter(context), { code: 'STORAGE_FAILED' });
  });

  it('claims its path, so that a job has one writer for it', () => {
    assert.deepEqual(fileSink('/tmp/a/../b.jsonl').claims, ['file /tmp/b.jsonl']);
  });
});

describe('FileWriter', () => {
  /** A disk that is slow or fails. */
  const rig = (append: AppendFile['append']) => {
    const batches: string[] = [];
    const file: AppendFile = {
      append: (bytes) => {
        batches.push(Buffer.from(bytes).toString());
        return append(bytes);
      },
      close: async () => {},
    };
    return { writer: new FileWriter(file, 'f'), batches };
  };

  it('delivers only what is on the disk, and gathers in one write what comes meanwhile', async () => {
    const disk = deferred<void>();
    const { writer, batches } = rig(() => disk.promise);
    writer.write([letterOf('1')]);
    writer.flush();
    writer.write([letterOf('2')]);
    writer.flush();
    writer.write([letterOf('3')]);
    writer.flush();
    assert.equal(writer.progress().delivered, 0);
    assert.equal(batches.length, 1);
    disk.resolve();
    await drain(writer, 3);
    assert.equal(batches.length, 2);
    assert.equal(batches[1]?.trimEnd().split('\n').length, 2);
  });

  it('takes no more than its bound while the disk is slow', async () => {
    const disk = deferred<void>();
    const { writer } = rig(() => disk.promise);
    const many = Array.from({ length: 12_000 }, () => letterOf('x'));
    assert.equal(writer.write(many), 10_000);
    writer.flush();
    assert.equal(writer.write(many), 10_000, 'what is being written has left the buffer');
    assert.equal(writer.write(many), 0);
    disk.resolve();
    await drain(writer, 20_000);
  });

  it('a failing disk is final: nothing is delivered, written or tried again (R13)', async () => {
    const cause = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
    const { writer, batches } = rig(() => Promise.reject(cause));
    writer.write([letterOf('1')]);
    const ready = writer.ready();
    writer.flush();
    await assert.rejects(ready, { code: 'STORAGE_FAILED', cause });
    assert.throws(() => writer.write([letterOf('2')]), { code: 'STORAGE_FAILED' });
    writer.flush();
    assert.equal(batches.length, 1);
    assert.equal(writer.progress().delivered, 0);
    await assert.rejects(writer.ready(), { code: 'STORAGE_FAILED' });
    await writer.close();
    await writer.close();
  });
});
