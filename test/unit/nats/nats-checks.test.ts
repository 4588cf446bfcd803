import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOptions } from '../../../src/internal/options/check-options.js';
import { NATS_CHECKS, type NatsOptions } from '../../../src/nats/index.js';

const problemsOf = (given: unknown) => checkOptions<NatsOptions>('the cluster', given, NATS_CHECKS).problems;

describe('the options of a connection to NATS', () => {
  it('servers are URLs or places, one or many', () => {
    for (const servers of ['nats://a', 'a:4222', 'tls://a:1, b', ['nats://[::1]:4222', 'b']]) {
      assert.deepEqual(problemsOf({ servers }), [], JSON.stringify(servers));
    }
  });

  it('what is no place of a server is told, and a user in a URL is not shown', () => {
    for (const servers of ['', 'a,,b', [], [7], 'http://a', 'nats://mr:geheim@a', 'nats://a/path', 7]) {
      const [problem = '', ...more] = problemsOf({ servers });
      assert.match(problem, /^servers must be a URL like 'nats:\/\/host:4222'/, JSON.stringify(servers));
      assert.doesNotMatch(problem, /geheim/);
      assert.deepEqual(more, []);
    }
  });

  it('there is one way to say who we are', () => {
    const right = [
      { user: 'mr', password: 'x' },
      { user: 'mr', password: () => 'x' },
      { token: 'x' },
      { nkeySeed: 'SUAOTK3Q' },
      { credentialsFile: '/etc/mr.creds' },
    ];
    for (const auth of right) assert.deepEqual(problemsOf({ servers: 'a', auth }), [], JSON.stringify(auth));
    for (const auth of [{}, { user: 'mr' }, { password: 'x' }, { token: 'x', nkeySeed: 'SUAOTK3Q' }]) {
      assert.match(problemsOf({ servers: 'a', auth })[0] ?? '', /^auth must be one of/, JSON.stringify(auth));
    }
  });

  it('a wrong name or value is told with the nearest right one, never with the secret', () => {
    const cases = [
      [{ auth: { tokn: 'geheim' } }, /auth\.tokn.*did you mean "auth\.token"/],
      [{ auth: { token: 7 } }, /auth\.token must be a string or a function/],
      [
        { auth: { nkeySeed: 'geheim' } },
        /auth\.nkeySeed must be the seed of an nkey, which begins with S, not a string/,
      ],
      [{ auth: 'geheim' }, /auth must be an object/],
      [{ tls: { caFiles: 'x' } }, /tls\.caFiles.*did you mean "tls\.caFile"/],
      [{ tls: 'yes' }, /tls must be true, false or an object/],
      [{ name: '' }, /name must be a string that is not empty/],
    ] as const;
    for (const [options, expected] of cases) {
      const text = problemsOf({ servers: 'a', ...options }).join('\n');
      assert.match(text, expected);
      assert.doesNotMatch(text, /geheim/);
    }
  });
});
