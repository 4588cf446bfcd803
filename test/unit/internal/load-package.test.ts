import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { loadPackage } from '../../../src/internal/load-package.js';

describe('loading a package at its first use', () => {
  it('gives what it exports', async () => {
    const { sep } = await loadPackage('node:path', 'a path', () => import('node:path'));
    assert.ok(sep === '/' || sep === '\\');
  });

  it('one that is not there, or does not work here, is UNSUPPORTED: it names what needs it and how to install it', async () => {
    const missing = new Error('Cannot find package');
    const loading = loadPackage('lmdb', 'a store on disk', () => Promise.reject(missing));
    await assert.rejects(loading, (error: unknown) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'UNSUPPORTED');
      assert.equal(error.retryable, false);
      assert.match(error.message, /^a store on disk needs the package lmdb.*Cannot find package/);
      assert.match(error.advice ?? '', /npm install lmdb/);
      assert.equal(error.cause, missing);
      return true;
    });
  });

  it('packages that are needed together are installed by one line', async () => {
    const loading = loadPackage('a', 'a cluster', () => Promise.reject(new Error('missing')), 'a b c');
    await assert.rejects(loading, { code: 'UNSUPPORTED', advice: /npm install a b c\)/ });
  });
});
