import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Backoff } from '../../src/connection/backoff.js';
import { ConflictDetector } from '../../src/connection/conflict-detector.js';
import type { ServerAddress } from '../../src/connection/connection-options.js';
import { ServerRotation } from '../../src/connection/server-rotation.js';
import { VersionFallback } from '../../src/connection/version-fallback.js';

const almostOne = () => 1 - Number.EPSILON;

describe('back-off', () => {
  it('doubles its ceiling up to the cap', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: almostOne });
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => Math.ceil(backoff.nextMs())),
      [100, 200, 400, 800, 1000, 1000],
    );
  });

  it('waits anywhere between nothing and the ceiling (full jitter)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
        (draws) => {
          let at = 0;
          const backoff = new Backoff({ firstMs: 10, maxMs: 500, random: () => draws[at] ?? 0 });
          for (at = 0; at < draws.length; at += 1) {
            assert.equal(backoff.nextMs(), (draws[at] ?? 0) * Math.min(10 * 2 ** at, 500));
          }
        },
      ),
    );
  });

  it('starts again only after a connection that lasted as long as the ceiling it had reached', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 10_000, random: almostOne });
    for (let i = 0; i < 3; i += 1) backoff.nextMs();
    backoff.lasted(799);
    assert.equal(Math.ceil(backoff.nextMs()), 800);
    backoff.lasted(1600);
    assert.equal(Math.ceil(backoff.nextMs()), 100);
  });
});

describe('version fallback (R5b)', () => {
  it('falls back for good on the word of the server', () => {
    const versions = new VersionFallback(undefined);
    assert.equal(versions.version, 5);
    assert.equal(versions.after('version-refused'), true);
    assert.equal(versions.version, 4);
    assert.equal(versions.after('other'), false);
    assert.equal(versions.version, 4);
    assert.equal(versions.after('version-refused'), true);
    assert.equal(versions.version, 3);
    assert.equal(versions.after('version-refused'), false);
  });

  it('tries older versions in a row after closes before CONNACK, then begins with the newest again', () => {
    const versions = new VersionFallback(undefined);
    const tried = [versions.version];
    while (versions.after('closed-before-connack')) tried.push(versions.version);
    assert.deepEqual(tried, [5, 4, 3]);
    assert.equal(versions.version, 5);
  });

  it('never changes the version after a CONNECT was accepted, nor one that the user asked for', () => {
    const settled = new VersionFallback(undefined);
    settled.after('version-refused');
    settled.after('accepted');
    assert.equal(settled.after('closed-before-connack'), false);
    assert.equal(settled.after('version-refused'), false);
    assert.equal(settled.version, 4);
    const asked = new VersionFallback(5);
    assert.equal(asked.after('version-refused'), false);
    assert.equal(asked.version, 5);
  });

  it('does not take a timeout or a failed connect for a question of the version', () => {
    const versions = new VersionFallback(undefined);
    assert.equal(versions.after('other'), false);
    assert.equal(versions.version, 5);
  });
});

describe('server rotation', () => {
  const server = (host: string): ServerAddress => ({ protocol: 'mqtt', host, port: 1883, path: '' });

  it('passes the turn on after a failure and says when all have failed in a row', () => {
    const rotation = new ServerRotation([server('a'), server('b'), server('c')]);
    const turns = [1, 2, 3].map(() => [rotation.current.host, rotation.failed(false)]);
    assert.deepEqual(turns, [
      ['a', 'next'],
      ['b', 'next'],
      ['c', 'round-over'],
    ]);
    assert.equal(rotation.current.host, 'a');
  });

  it('asks the server that accepted us first again', () => {
    const rotation = new ServerRotation([server('a'), server('b')]);
    rotation.failed(false);
    rotation.accepted();
    assert.equal(rotation.current.host, 'b');
    assert.equal(rotation.failed(false), 'next');
    assert.equal(rotation.failed(false), 'round-over');
  });

  it('gives up only when every server failed for good', () => {
    const rotation = new ServerRotation([server('a'), server('b')]);
    assert.equal(rotation.failed(true), 'next');
    assert.equal(rotation.failed(false), 'round-over');
    assert.equal(rotation.failed(true), 'next');
    assert.equal(rotation.failed(true), 'hopeless');
  });
});

describe('client-id conflict (R19)', () => {
  const early = { byFin: true, connectedMs: 10, moved: false };
  const moving = { ...early, moved: true };

  it('is five closes by the server in a row, each within a second after CONNACK', () => {
    const detector = new ConflictDetector();
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => detector.ended(early)),
      [false, false, false, false, true],
    );
  });

  it('is not seen in five closes while messages move: that is a network that cuts', () => {
    const detector = new ConflictDetector();
    for (let i = 0; i < 5; i += 1) {
      for (let j = 0; j < 4; j += 1) assert.equal(detector.ended(early), false);
      assert.equal(detector.ended(moving), i === 4, 'twenty-five in a row are a fight over a busy session');
    }
  });

  it('is never a reset, a timeout, a close before CONNACK or a late close', () => {
    for (const harmless of [
      { ...early, byFin: false },
      { ...early, connectedMs: undefined },
      { ...early, connectedMs: 1000 },
    ]) {
      const detector = new ConflictDetector();
      for (let i = 0; i < 4; i += 1) detector.ended(early);
      assert.equal(detector.ended(harmless), false);
      assert.equal(detector.suspected, false);
      assert.equal(detector.ended(early), false);
    }
  });
});
