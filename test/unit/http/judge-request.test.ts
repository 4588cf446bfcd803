import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeRequest, type RequestFacts, type RequestPolicy } from '../../../src/http/policy/judge-request.js';

const LOOPBACK: RequestPolicy = {
  hosts: { bound: ['localhost', '127.0.0.1'], allowed: ['bridge.example'], port: 9090, defaultPort: 80 },
  scheme: 'http',
  openToRead: true,
  allowControl: true,
};
const REACHED: RequestPolicy = { ...LOOPBACK, openToRead: false };

const facts = (changed: Partial<RequestFacts>): RequestFacts => ({
  method: 'GET',
  target: '/api/jobs',
  hosts: ['127.0.0.1:9090'],
  origins: [],
  contentType: undefined,
  localAddress: '127.0.0.1',
  token: () => ({ is: 'absent' }),
  ...changed,
});

const CONTROL: Partial<RequestFacts> = {
  method: 'POST',
  target: '/api/jobs/orders/suspend',
  contentType: 'application/json',
  token: () => ({ is: 'right' }),
};

const statusOf = (changed: Partial<RequestFacts>, policy = LOOPBACK): number => {
  const { refusal } = judgeRequest(facts(changed), policy);
  return refusal?.status ?? 200;
};

const HOSTS: readonly (readonly [host: string, status: number])[] = [
  ['127.0.0.1:9090', 200],
  ['localhost:9090', 200],
  ['LOCALHOST:9090', 200],
  ['bridge.example', 200],
  ['bridge.example:443', 200],
  ['127.0.0.1', 421],
  ['localhost', 421],
  ['localhost:9091', 421],
  ['localhost.:9090', 421],
  ['evil.example:9090', 421],
  ['127.0.0.1.evil.example:9090', 421],
  ['bridge.example.evil.example', 421],
  ['127.0.0.1:9090@evil.example', 421],
  ['10.0.0.7:9090', 421],
  ['', 421],
];

describe('the judgement of a request', () => {
  it('takes a Host that is the bound address, localhost or a name that was allowed, and no other, on loopback too (HT1)', () => {
    for (const [host, status] of HOSTS) assert.equal(statusOf({ hosts: [host] }), status, host);
    assert.equal(statusOf({ hosts: [] }), 421);
    assert.equal(statusOf({ hosts: ['localhost:9090', 'localhost:9090'] }), 421);
  });

  it('takes as Host the address that a request came in at, IPv6 in brackets, and the default port where none is said', () => {
    assert.equal(statusOf({ hosts: ['10.0.0.7:9090'], localAddress: '::ffff:10.0.0.7' }), 200);
    assert.equal(statusOf({ hosts: ['[fd00::7]:9090'], localAddress: 'fd00::7' }), 200);
    assert.equal(statusOf({ hosts: ['[fd00::8]:9090'], localAddress: 'fd00::7' }), 421);
    const at80 = { ...LOOPBACK, hosts: { ...LOOPBACK.hosts, port: 80 } };
    assert.equal(statusOf({ hosts: ['localhost'] }, at80), 200);
    const socket = { ...LOOPBACK, hosts: { ...LOOPBACK.hosts, bound: ['localhost'], port: undefined } };
    assert.equal(statusOf({ hosts: ['localhost'], localAddress: undefined }, socket), 200);
  });

  it('takes an Origin that is absent or ours, whatever is asked for (HT2)', () => {
    assert.equal(statusOf({ origins: ['http://127.0.0.1:9090'] }), 200);
    assert.equal(statusOf({ origins: ['https://bridge.example'], hosts: ['bridge.example'] }), 200);
    for (const origin of ['null', 'http://evil.example', 'https://127.0.0.1:9090', 'http://127.0.0.1:9091', ''])
      assert.equal(statusOf({ origins: [origin] }), 403, origin);
    assert.equal(statusOf({ origins: ['http://127.0.0.1:9090', 'http://evil.example'] }), 403);
  });

  it('takes control only by POST, with a JSON content type and the right token, on loopback too (HT2)', () => {
    assert.equal(statusOf(CONTROL), 200);
    assert.equal(statusOf({ ...CONTROL, contentType: 'application/json; charset=utf-8' }), 200);
    for (const contentType of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      assert.equal(statusOf({ ...CONTROL, contentType }), 415);
    assert.equal(statusOf({ ...CONTROL, method: 'GET' }), 405);
    assert.equal(statusOf({ ...CONTROL, method: 'OPTIONS' }), 405);
    assert.equal(statusOf({ ...CONTROL, token: () => ({ is: 'absent' }) }), 401);
    assert.equal(statusOf({ ...CONTROL, token: () => ({ is: 'wrong' }) }), 401);
    assert.equal(statusOf({ ...CONTROL, origins: ['http://evil.example'] }), 403);
    assert.equal(statusOf(CONTROL, { ...LOOPBACK, allowControl: false }), 403);
    assert.equal(statusOf({ ...CONTROL, target: '/api/jobs/orders/cancel' }), 404);
    assert.equal(statusOf({ ...CONTROL, target: '/api/jobs/%E0%A4%A/drain' }), 404);
  });

  it('where others reach the address says without the token nothing but the status of probes, not even what there is', () => {
    for (const target of ['/metrics', '/api/jobs', '/api/events', '/nothing'])
      assert.equal(statusOf({ target }, REACHED), 401, target);
    for (const target of ['/live', '/ready']) {
      assert.deepEqual(judgeRequest(facts({ target }), REACHED), { route: { kind: target.slice(1) }, trusted: false });
      const right = facts({ target, token: () => ({ is: 'right' }) });
      assert.deepEqual(judgeRequest(right, REACHED), { route: { kind: target.slice(1) }, trusted: true });
    }
    assert.equal(statusOf({ token: () => ({ is: 'right' }) }, REACHED), 200);
  });

  it('takes a wrong token nowhere, and looks at none while one was wrong a moment ago', () => {
    assert.equal(statusOf({ target: '/live', token: () => ({ is: 'wrong' }) }), 401);
    const { refusal } = judgeRequest(facts({ token: () => ({ is: 'paused', ms: 1200 }) }), REACHED);
    assert.deepEqual([refusal?.status, refusal?.headers], [429, { 'Retry-After': '2' }]);
  });

  it('looks at no token of a request whose Host, Origin or path is not taken: a page of others cannot slow who has it', () => {
    let looks = 0;
    const token = () => {
      looks += 1;
      return { is: 'wrong' } as const;
    };
    const refused = [{ hosts: ['evil.example'] }, { origins: ['http://evil.example'] }, { target: '/live?token=x' }];
    assert.deepEqual(
      refused.map((changed) => statusOf({ ...changed, token })),
      [421, 403, 400],
    );
    assert.equal(looks, 0);
  });

  it('takes a path alone: no query, no whole URL, nothing long', () => {
    for (const target of ['/live?', '/live?token=abc', 'http://127.0.0.1:9090/live', '*', '', `/${'a'.repeat(2000)}`])
      assert.equal(statusOf({ target }), 400, target);
    assert.equal(statusOf({ target: '/live/' }), 404);
  });
});
