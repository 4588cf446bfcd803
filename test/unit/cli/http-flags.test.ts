import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HTTP_FLAGS, parseHttpFlags } from '../../../src/cli/http/http-flags.js';
import { collectOptions } from '../../../src/cli/options/collect-options.js';
import { tempDir } from '../../support/temp-dir.js';

const TOKEN = randomBytes(16).toString('hex');
const dir = tempDir('token');

const parse = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  parseHttpFlags(collectOptions(args, HTTP_FLAGS, 0), environment);

const tokenFile = (mode: number, text = `${TOKEN}\n`): string => {
  const path = join(dir, `${mode.toString(8)}-${text.length}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

describe('the flags of --http', () => {
  it('name a port, a host and a port, or a Unix socket', () => {
    const placeOf = (http: string) => {
      const { host, port, path } = parse(['--http', http]) ?? {};
      return { host, port, path };
    };
    const none = { host: undefined, port: undefined, path: undefined };
    assert.deepEqual(placeOf('9090'), { ...none, port: 9090 });
    assert.deepEqual(placeOf('0.0.0.0:9090'), { ...none, host: '0.0.0.0', port: 9090 });
    assert.deepEqual(placeOf('[::1]:9090'), { ...none, host: '::1', port: 9090 });
    assert.deepEqual(placeOf('unix:/run/x'), { ...none, path: '/run/x' });
    for (const wrong of ['', ':9090', 'host', 'host:', '70000', 'a:b:1', 'http://host:9090', 'unix:'])
      assert.throws(() => parse([`--http=${wrong}`]), { code: 'INVALID_OPTIONS' }, wrong);
  });

  it('take the token from a variable or a file that others cannot read, and never from the command line; no error has it', () => {
    assert.equal(parse(['--http', '1'], { MILLRACE_HTTP_TOKEN: TOKEN })?.token, TOKEN);
    assert.equal(parse(['--http', '1', '--http-token-env', 'T'], { T: TOKEN })?.token, TOKEN);
    assert.equal(parse(['--http', '1', '--http-token-file', tokenFile(0o600)])?.token, TOKEN);
    assert.equal(parse(['--http', '1'])?.token, undefined);
    mkdirSync(join(dir, 'folder'));
    const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['--http-token', TOKEN], /--http-token is not an option: a token on the command line can be read/],
      [['--http-token-env', TOKEN], /takes a variable's name, and the environment variable is not set/],
      [['--http-token-env', 'T', '--http-token-file', tokenFile(0o600)], /exclude each other/],
      [['--http-token-file', tokenFile(0o604)], /others can read .*: chmod 600/],
      [['--http-token-file', join(dir, 'folder')], /is no regular file/],
      [['--http-token-file', join(dir, 'none')], /cannot read .*: no such file/],
      [['--http-token-file', tokenFile(0o600, 'short-one')], /the token must have 128 random bits/],
    ];
    for (const [args, message] of refused) {
      assert.throws(
        () => parse(['--http', '1', ...args], { T: TOKEN }),
        (error: Error) => {
          assert.match(error.message, message);
          return !error.message.includes(TOKEN) && !error.message.includes('short-one');
        },
      );
    }
  });

  it('allow control only with a token, and mean nothing without --http', () => {
    assert.equal(parse(['--http', '1', '--allow-control'], { MILLRACE_HTTP_TOKEN: TOKEN })?.allowControl, true);
    assert.throws(
      () => parse(['--http', '1', '--allow-control']),
      /--allow-control needs a token: set MILLRACE_HTTP_TOKEN/,
    );
    assert.throws(() => parse(['--allow-control']), /--allow-control is of --http, which is missing/);
    assert.throws(() => parse(['--http', '1', '--http-cert', tokenFile(0o600)]), /--http-key is missing/);
    assert.throws(() => parse(['--http', '1', '--http-host', 'a:1']), /without a port/);
    assert.equal(parse([], { MILLRACE_HTTP_TOKEN: TOKEN }), undefined);
  });
});
