import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileFile } from '../../scripts/compile-tests.mjs';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs node as from a shell, not as a part of this test run. */
function node(...args: readonly string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env });
}

describe('the scripts', () => {
  it('CI ends with what npm test runs as a sample, and no file hides in its support that it has one', LIMIT, () => {
    assert.match(readFileSync(join(ROOT, '.ci/run'), 'utf8'), /step npm run test:full -- --sampled\n/);
    const asks = readdirSync(join(ROOT, 'test/support'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && /full-run\.js/.test(readFileSync(join(ROOT, 'test/support', file), 'utf8')),
    );
    assert.deepEqual(asks.sort(), ['limits.ts', join('sim', 'sim-seeds.ts')]);
  });

  it('npm test fails when it finds nothing to run, instead of reporting success', LIMIT, () => {
    const { status, stderr } = node('scripts/run-tests.mjs', 'there-is-no-such-test');
    assert.equal(status, 1);
    assert.match(stderr, /No test file has there-is-no-such-test/);
  });

  it('a test that fails as JavaScript names its line of TypeScript, and quotes what was not so', LIMIT, async () => {
    const dir = tempDir('compiled');
    mkdirSync(join(dir, 'out/test'), { recursive: true });
    mkdirSync(join(dir, 'test'));
    const lines = [
      "import assert from 'node:assert/strict';",
      '',
      'interface Counted {',
      '  readonly count: number;',
      '}',
      'const counted: Counted = { count: 0 };',
      'assert.ok(counted.count > 1);',
    ];
    writeFileSync(join(dir, 'test/sample.test.ts'), lines.join('\n'));
    await compileFile(dir, join(dir, 'out'), 'test/sample.test.ts');
    const { status, stderr } = node('--enable-source-maps', join(dir, 'out/test/sample.test.js'));
    assert.equal(status, 1);
    assert.match(stderr, /assert\.ok\(counted\.count > 1\)\n(?:.*\n)*? +at .*\/test\/sample\.test\.ts:7:8/);
  });

  it('a stray error fails its file and is told, although the runner does not follow promises', LIMIT, () => {
    for (const stray of [
      "Promise.reject(new Error('the reason'))",
      "setTimeout(() => { throw new Error('the reason'); })",
    ]) {
      const file = join(tempDir('stray'), 'sample.test.mjs');
      const lines = [
        "import { describe, it } from 'node:test';",
        "describe('outer', () => {",
        `  it('is over', async () => { ${stray}; await new Promise((resolve) => setTimeout(resolve, 20)); });`,
        '});',
      ];
      writeFileSync(file, lines.join('\n'));
      const { status, stdout, stderr } = node(
        '--import=./scripts/without-async-hooks.mjs',
        ...['--test', '--test-reporter=./scripts/compact-reporter.mjs', file],
      );
      assert.equal(status, 1, stderr);
      assert.match(stdout, /^Error: the reason\n +at .*sample\.test\.mjs:3:/m);
    }
  });

  it('the check for mosquitto says nothing when all is there', LIMIT, () => {
    const { status, stdout, stderr } = node('scripts/ensure-mosquitto.mjs');
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('the compact report names each file once, each failure in full, and ends with the failures', LIMIT, () => {
    const file = join(tempDir('reporter'), 'sample.test.mjs');
    const lines = [
      "import { describe, it } from 'node:test';",
      "describe('outer', () => {",
      "  it('passes', (t) => { t.diagnostic('a seed'); });",
      "  it('fails', () => { throw new Error('the reason'); });",
      '});',
    ];
    writeFileSync(file, lines.join('\n'));
    const { status, stdout } = node('--test', '--test-reporter=./scripts/compact-reporter.mjs', file);
    assert.equal(status, 1);
    assert.match(stdout, /✖ outer › fails .*\n +Error: the reason/);
    assert.match(stdout, /✖ +\d+\.\d s {2}.*sample\.test\.mjs {2}1 passed, 1 failed\n/);
    const summary = /ℹ tests 2\n(?:.*\n)*ℹ pass 1\nℹ fail 1\n(?:.*\n)*ℹ duration_ms .*\n/.exec(stdout)?.[0] ?? '';
    assert.ok(!summary.includes('a seed') && stdout.includes('ℹ a seed\n'));
    assert.match(stdout.slice(stdout.indexOf(summary) + summary.length), /^✖ outer › fails .*\n +Error: the reason/);
  });
});
