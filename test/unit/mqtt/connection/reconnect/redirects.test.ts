import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, MillraceError } from '../../../../../src/errors/index.js';
import type { ServerAddress } from '../../../../../src/mqtt/connection/options/mqtt-connection-options.js';
import { parseServerReference } from '../../../../../src/mqtt/connection/options/servers/parse-server-reference.js';
import { Redirects } from '../../../../../src/mqtt/connection/reconnect/redirects.js';
import { ServerRotation } from '../../../../../src/mqtt/connection/reconnect/server-rotation.js';

const at = (host: string, changes: Partial<ServerAddress> = {}): ServerAddress => ({
  protocol: 'mqtt',
  host,
  port: 1883,
  path: '',
  ...changes,
});
const HOME = at('home');

function end(
  reference: string | undefined,
  changes: { reasonCode?: number; code?: ErrorCode; connectedMs?: number } = {},
) {
  const { reasonCode = 0x9c, code = 'CONNECTION_REFUSED_BY_BROKER', connectedMs } = changes;
  const details = reference === undefined ? {} : { serverReference: reference };
  return { error: new MillraceError(code, 'why', { reasonCode, details }), connectedMs };
}

describe('server reference', () => {
  const read = (reference: string | undefined, from = HOME): ServerAddress | string => {
    const parsed = parseServerReference(reference, from);
    return 'to' in parsed ? parsed.to : parsed.problem;
  };

  it('is read as the specification recommends, and as URLs (5: 4.11)', () => {
    assert.deepEqual(read('myserver.xyz.org'), at('myserver.xyz.org'));
    assert.deepEqual(read('myserver.xyz.org:8883'), at('myserver.xyz.org', { port: 8883 }));
    assert.deepEqual(read('10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1883'), at('10.10.151.22', { port: 8883 }));
    assert.deepEqual(read('[fe80::9610:3eff:fe1c]:1884'), at('fe80::9610:3eff:fe1c', { port: 1884 }));
    assert.deepEqual(read('[::1]'), at('::1'));
    assert.deepEqual(read('mqtts://other'), at('other', { protocol: 'mqtts', port: 8883 }));
    const ws = at('h', { protocol: 'wss', port: 443, path: '/mqtt' });
    assert.deepEqual(read('other', ws), { ...ws, host: 'other' });
  });

  it('that is malformed is said, and another one of the list is taken', () => {
    const wrong = [
      'a:b',
      'a:0',
      'a:65536',
      '[::1',
      '::1',
      'a/b',
      'x@y',
      'http://a',
      'mqtt://u:p@a',
      ' a',
      'a ',
      'a\tb',
      'ä',
      'a\u001b[2J',
    ];
    for (const reference of wrong) assert.equal(read(reference), 'the reference is not well formed', reference);
    assert.equal(read('a'.repeat(1025)), 'the reference is not well formed');
    assert.equal(read(undefined), 'the broker named no other server');
    assert.equal(read(''), 'the broker named no other server');
    assert.deepEqual(read('a:b good:1'), at('good', { port: 1 }));
  });

  it('never leads from TLS to plain text', () => {
    const secure = at('h', { protocol: 'mqtts', port: 8883 });
    assert.deepEqual(read('other', secure), { ...secure, host: 'other' });
    assert.equal(read('mqtt://other', secure), 'it leads from TLS to plain text');
    assert.equal(read('ws://other/mqtt', at('h', { protocol: 'wss' })), 'it leads from TLS to plain text');
    assert.deepEqual(read('mqtt://other wss://good', secure), at('good', { protocol: 'wss', port: 443 }));
  });
});

describe('redirects', () => {
  it('are followed only where the user allows it, and only by the broker’s word', () => {
    assert.equal(new Redirects(false).after(end('other'), HOME), undefined);
    const redirects = new Redirects(true);
    assert.deepEqual(redirects.after(end('other'), HOME)?.to, at('other'));
    const moved = end('other', { code: 'DISCONNECTED_BY_BROKER', reasonCode: 0x9d, connectedMs: 5 });
    assert.equal(new Redirects(true).after(moved, HOME)?.moved, true);
    for (const other of [end('other', { reasonCode: 0x88 }), end('other', { code: 'PROTOCOL_ERROR' })]) {
      assert.equal(new Redirects(true).after(other, HOME), undefined);
    }
  });

  it('in a circle are not followed', () => {
    const redirects = new Redirects(true);
    assert.equal(redirects.after(end('home'), HOME)?.problem, 'it leads in a circle');
    assert.ok(redirects.after(end('a'), HOME)?.to);
    assert.ok(redirects.after(end('b'), at('a'))?.to);
    assert.equal(redirects.after(end('HOME'), at('b'))?.problem, 'it leads in a circle');
    assert.ok(redirects.after(end('a'), HOME)?.to, 'a new row');
  });

  it('end after five in a row', () => {
    const redirects = new Redirects(true);
    for (let hop = 0; hop < 5; hop += 1) assert.ok(redirects.after(end(`h${hop + 1}`), at(`h${hop}`))?.to);
    assert.match(redirects.after(end('h6'), at('h5'))?.problem ?? '', /5th in a row/);
  });

  it('that a short connection leads to are in a row too, a long one or a failure ends it', () => {
    const circle = (between: Parameters<Redirects['after']>[0]): string | undefined => {
      const redirects = new Redirects(true);
      redirects.after(end('a'), HOME);
      redirects.after(between, at('a'));
      return redirects.after(end('home'), at('a'))?.problem;
    };
    const code = 'DISCONNECTED_BY_BROKER';
    assert.ok(circle(end('b', { code, connectedMs: 9999 })));
    assert.equal(circle(end('b', { code, connectedMs: 10_000 })), undefined);
    assert.equal(circle({ error: new MillraceError('CONNECT_FAILED', 'why'), connectedMs: undefined }), undefined);
  });
});

describe('server rotation with redirects', () => {
  const hosts = (rotation: ServerRotation, times: number): readonly string[] =>
    Array.from({ length: times }, () => {
      const { host } = rotation.current;
      rotation.failed(false);
      return host;
    });

  it('a server for now is a guest: asked until it fails once', () => {
    const rotation = new ServerRotation([at('a'), at('b')]);
    rotation.redirect(at('guest'), false);
    rotation.accepted();
    assert.deepEqual(hosts(rotation, 4), ['guest', 'a', 'b', 'a']);
    rotation.redirect(at('guest'), false);
    rotation.accepted();
    assert.equal(rotation.failed(true), 'round-over');
    assert.equal(rotation.current.host, 'b');
  });

  it('who names another server answers, so that a list with it is never without hope', () => {
    const rotation = new ServerRotation([at('a'), at('b')]);
    rotation.failed(true);
    rotation.failed(false);
    rotation.redirect(at('guest'), false);
    assert.equal(rotation.failed(false), 'round-over');
    assert.equal(rotation.failed(true), 'round-over', 'b');
  });

  it('whoever sends us where nobody accepts us has had its turn, whether it accepted us before that or not', () => {
    for (const moved of [false, true]) {
      for (const [to, known] of [
        ['new', false],
        ['c', true],
      ] as const) {
        for (const accepts of [false, true]) {
          const rotation = new ServerRotation([at('a'), at('b'), at('c')]);
          const asked: string[] = [];
          let waits = 0;
          while (asked.length < 12) {
            const { host } = rotation.current;
            asked.push(host);
            if (host === 'a') {
              if (accepts) rotation.accepted();
              rotation.redirect(at(to), moved);
            } else if (rotation.failed(false) === 'round-over') waits += 1;
          }
          const seen = `${asked.join(' ')}, ${waits} waits`;
          assert.deepEqual([...new Set(asked)].sort(), known ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'new'], seen);
          assert.equal(asked[2], 'b', seen);
          assert.ok(waits >= 2, seen);
        }
      }
    }
  });

  it('a server that moved keeps its place behind the new one, and learns one new place only', () => {
    const rotation = new ServerRotation([at('a'), at('b')]);
    rotation.redirect(at('new'), true);
    rotation.accepted();
    assert.deepEqual(hosts(rotation, 4), ['new', 'a', 'b', 'new']);
    const again = new ServerRotation([at('a')]);
    for (const host of ['n1', 'n2', 'n3']) again.redirect(at(host), true);
    again.accepted();
    assert.deepEqual(hosts(again, 3), ['n3', 'a', 'n3']);
  });

  it('a server of the list is asked in its place', () => {
    const rotation = new ServerRotation([at('a'), at('b'), at('c')]);
    rotation.redirect(at('c'), false);
    rotation.accepted();
    assert.deepEqual(hosts(rotation, 3), ['c', 'a', 'b']);
  });
});
