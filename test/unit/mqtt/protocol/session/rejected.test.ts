import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageEvent, SessionOptions } from '../../../../../src/mqtt/protocol/index.js';
import { ack, inbound, SessionRig } from '../../../../support/rigs/session-rig.js';
import { parseWirePayload } from '../../../../support/wire/wire-language.js';

const TOLERANT: Partial<SessionOptions> = { tolerance: { refuseControlCharacters: false }, topicAliasMaximum: 5 };

/** A PUBLISH of the topic `a/+`. */
const wildcard = (first: string, packetId: number, version: 4 | 5 = 5) =>
  parseWirePayload(
    version === 5 ? `${first} r9 s3 'a/+' m${packetId} 00 'x'` : `${first} r8 s3 'a/+' m${packetId} 'x'`,
  );

const tolerant = (options: Partial<SessionOptions> = {}) => new SessionRig({ ...TOLERANT, ...options });

const messages = (rig: SessionRig) => rig.events().filter((event): event is MessageEvent => event.type === 'message');

test('R22: without a tolerance the session ends the connection, as the wire cases want it', () => {
  const rig = new SessionRig().connect().forget();
  rig.serveBytes(wildcard('32', 1));
  assert.deepEqual(rig.eventTypes(), ['close']);
});

test('R22: a rejected PUBLISH is a message like any other: told with its rejection, answered when it is accepted, in its order', () => {
  const rig = tolerant().connect().forget();
  rig.serve(inbound(1, 1));
  rig.serveBytes(wildcard('32', 2));
  rig.serve(inbound(3, 1));
  const told = messages(rig);
  assert.deepEqual(
    told.map(({ token, topic, rejection }) => [token, topic, rejection?.error.code]),
    [
      [0, 'topic', undefined],
      [1, 'a/+', 'MALFORMED_PACKET'],
      [2, 'topic', undefined],
    ],
  );
  assert.deepEqual(rig.answers(), [], 'R1: not before it is settled');
  rig.session.accept(1);
  rig.session.accept(2);
  assert.deepEqual(rig.answers(), [], 'R14');
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['puback 1', 'puback 2 0x90', 'puback 3']);
});

test('R22: a negative PUBREC ends the flow of a session whose ids are not stored, and its id is free', () => {
  const rig = tolerant().connect().forget();
  rig.serveBytes(wildcard('34', 2));
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['pubrec 2 0x90']);
  assert.deepEqual(rig.session.state().inbound, []);
  rig.forget().serve(inbound(2, 2));
  assert.deepEqual(rig.eventTypes(), ['message'], 'a new message, and nobody suspects the session');
  rig.session.accept(1);
  rig.serve(ack('pubrel', 2));
  assert.deepEqual(rig.answers(), ['pubrec 2']);
});

test('R22: where ids are stored a rejected QoS 2 message has the whole positive flow', () => {
  const rig = tolerant({ storesIds: true }).connect().forget();
  rig.serveBytes(wildcard('34', 2));
  rig.serveBytes(wildcard('32', 3));
  rig.session.accept(0);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['pubrec 2', 'puback 3 0x90']);
  assert.deepEqual(rig.session.inboundIdRuns(0), Uint16Array.of(2, 1), 'R2: its id is in the commit');
  rig.serve(ack('pubrel', 2));
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), ['pubcomp 2']);
});

test('R22: below 5.0 the answers are positive, for there are no others', () => {
  const rig = tolerant().connect({ version: 4 }).forget();
  rig.serveBytes(wildcard('32', 1, 4));
  rig.serveBytes(wildcard('34', 2, 4));
  rig.session.accept(0);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['puback 1', 'pubrec 2']);
});

test('R2a, R22: a copy of a rejected QoS 2 message is not told again, and has the same answer', () => {
  const rig = tolerant().connect().forget();
  rig.serveBytes(wildcard('34', 2));
  rig.resume().forget();
  rig.serveBytes(wildcard('3C', 2));
  assert.deepEqual(rig.eventTypes(), []);
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['pubrec 2 0x90']);
});

test('R22: a QoS 0 message is rejected without an answer', () => {
  const rig = tolerant().connect().forget();
  rig.serveBytes(parseWirePayload("30 r6 s1 '#' 00 'xy'"));
  assert.equal(messages(rig)[0]?.rejection?.reasonCode, 0x90);
  assert.deepEqual(rig.answers(), []);
});

test('R22: what uses the topic alias of a rejected PUBLISH is rejected, and never goes by the topic before it', () => {
  const rig = tolerant().connect().forget();
  const aliased = (topicAlias: number) => inbound(9, 1, { topic: '', dup: true, properties: { topicAlias } });
  rig.serve(inbound(1, 1, { topic: 'good', properties: { topicAlias: 3 } }));
  rig.serve(inbound(2, 1, { topic: 'other', properties: { topicAlias: 4 } }));
  rig.serveBytes(parseWirePayload("32 r11 s3 'a/+' m3 v3 23 H3")); // sets alias 3
  rig.serve(aliased(4));
  assert.deepEqual(
    messages(rig).map(({ topic, rejection }) => [topic, rejection !== undefined]),
    [
      ['good', false],
      ['other', false],
      ['a/+', true],
      ['other', false],
    ],
  );
  for (const token of [0, 1, 2, 3]) rig.session.accept(token);
  rig.forget().serve(aliased(3));
  const [rejected] = messages(rig);
  assert.deepEqual([rejected?.topic, rejected?.rejection?.error.code], ['', 'PROTOCOL_ERROR']);
  rig.session.accept(4);
  assert.deepEqual(rig.answers(), ['puback 9 0x80']);
});

test('R22: a PUBLISH whose properties cannot be read may have set any alias, so none stands for anything', () => {
  const rig = tolerant().connect().forget();
  rig.serve(inbound(1, 1, { topic: 'good', properties: { topicAlias: 3 } }));
  rig.serveBytes(parseWirePayload("32 r11 s1 'b' m2 v5 05 i1 23 H3")); // an unknown property before the alias
  rig.serve(inbound(3, 1, { topic: '', properties: { topicAlias: 3 } }));
  assert.deepEqual(
    messages(rig).map(({ rejection }) => rejection !== undefined),
    [false, true, true],
  );
});

test('R22: an alias above our maximum rejects its PUBLISH alone; a strict session ends with 0x94', () => {
  const serve = (rig: SessionRig) => rig.serve(inbound(1, 1, { properties: { topicAlias: 6 } }), inbound(2, 1));
  const rig = tolerant().connect().forget();
  serve(rig);
  const raws = messages(rig).map(({ rejection }) => rejection?.raw.length);
  assert.deepEqual(raws, [16, undefined], 'with the packet as it came');
  const strict = new SessionRig({ topicAliasMaximum: 5 }).connect().forget();
  serve(strict);
  assert.deepEqual(strict.answers(), ['disconnect 0x94']);
});

test('what cannot be delimited ends the connection of a tolerant session too', () => {
  const rig = tolerant().connect().forget();
  rig.serveBytes(parseWirePayload("36 r9 s3 'a/b' m2 00 'x'"));
  assert.deepEqual(rig.eventTypes(), ['close']);
  assert.deepEqual(rig.answers(), ['disconnect 0x81']);
});

test('S9: PUBACK and PUBREC with an unknown code below 0x80 are successes', () => {
  const rig = tolerant().connect().forget();
  const message = { topic: 't', payload: new Uint8Array(), retain: false } as const;
  rig.session.publish({ ...message, seq: 0, qos: 1 });
  rig.session.publish({ ...message, seq: 1, qos: 2 });
  rig.serveBytes(parseWirePayload('40 r3 m1 01 50 r3 m2 02'));
  assert.deepEqual(rig.eventTypes(), ['delivered', 'received']);
});
