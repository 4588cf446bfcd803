import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { tokenProblem } from '../../../src/http/policy/token-form.js';
import { WrongTokens } from '../../../src/http/policy/wrong-tokens.js';

describe('the form of a token', () => {
  it('is one of 128 random bits, in hexadecimal digits or Base64', () => {
    for (let index = 0; index < 200; index += 1) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        assert.equal(tokenProblem(randomBytes(16).toString(encoding)), undefined);
    }
  });

  it('is refused when it is shorter, made by hand, or cannot stand in the header, and the sentence has none of it', () => {
    const refused = ['0123456789abcdef', 'correct-horse', 'a'.repeat(64), 'abab'.repeat(16), '1234567890'.repeat(3)];
    for (const token of [
      ...refused,
      'with a blank in it, and more than long enough',
      '',
      'é'.repeat(40),
      'a1B2'.repeat(200),
    ]) {
      const problem = tokenProblem(token);
      assert.match(problem ?? '', /^must /, token);
      assert.ok(token === '' || !problem?.includes(token));
    }
  });
});

describe('wrong tokens', () => {
  it('make those from the same address wait, twice as long each time and at most 8 s, and those from elsewhere not', () => {
    const wrongs = new WrongTokens();
    let nowMs = 0;
    const pauses = Array.from({ length: 8 }, () => {
      wrongs.wrong('10.0.0.1', nowMs);
      const pause = wrongs.pauseMs('10.0.0.1', nowMs);
      nowMs += pause;
      assert.equal(wrongs.pauseMs('10.0.0.1', nowMs), 0);
      return pause;
    });
    assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    wrongs.wrong('10.0.0.1', nowMs);
    assert.equal(wrongs.pauseMs('10.0.0.2', nowMs), 0);
  });

  it('are forgotten at a right one, and after a minute without', () => {
    const wrongs = new WrongTokens();
    for (const nowMs of [0, 1000, 2000]) wrongs.wrong('a', nowMs);
    wrongs.right('a');
    assert.equal(wrongs.pauseMs('a', 2000), 0);
    wrongs.wrong('a', 3000);
    assert.equal(wrongs.pauseMs('a', 3000), 250);
    wrongs.wrong('a', 100_000);
    assert.equal(wrongs.pauseMs('a', 100_000), 250);
  });

  it('count for a whole IPv6 network, which one machine has, and of at most 1,024 addresses', () => {
    const wrongs = new WrongTokens();
    wrongs.wrong('2001:db8:0:1::5', 0);
    assert.equal(wrongs.pauseMs('2001:db8:0:1:ffff::9', 0), 250);
    assert.equal(wrongs.pauseMs('2001:db8:0:2::5', 0), 0);
    for (let index = 0; index < 1024; index += 1) wrongs.wrong(`address ${index}`, 0);
    assert.equal(wrongs.pauseMs('2001:db8:0:1::5', 0), 0);
    assert.equal(wrongs.pauseMs('address 0', 0), 250);
  });
});
