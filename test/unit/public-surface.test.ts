import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';

const SCRIPT = new URL('../../scripts/public-surface.mjs', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the entry `index.d.ts` of these files shows. */
function surface(files: Readonly<Record<string, string>>): unknown {
  const folder = tempDir('surface');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const code = `import { publicSurface } from '${SCRIPT}';
    console.log(JSON.stringify([...publicSurface(process.argv[1])].sort()));`;
  const run = ['--input-type=module', '-e', code, join(folder, 'index.d.ts')];
  const { stdout, stderr } = spawnSync(process.execPath, run, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const BEFORE = {
  'index.d.ts': "export { type Door } from './rooms/door.js';\nexport * from './key.js';\n",
  'rooms/door.d.ts':
    "import type { Lock } from '../lock.js';\nexport declare class Door {\n  #private;\n  lock: Lock;\n}\n",
  'lock.d.ts': '/** Turns. */\nexport interface Lock {\n  turns: number;\n}\nexport type Unseen = string;\n',
  'key.d.ts': 'export declare function key(): void;\nexport declare function key(name: string): void;\nexport {};\n',
};

describe('the public surface', () => {
  it(
    'has what an entry exports with all overloads, and in brackets what that leads to; comments and private members are not in it',
    LIMIT,
    () => {
      assert.deepEqual(surface(BEFORE), [
        ['(Lock)', ['interface Lock {', 'turns: number;', '}']],
        ['Door', ['class Door {', 'lock: Lock;', '}']],
        ['key', ['function key(): void;', 'function key(name: string): void;']],
      ]);
    },
  );

  it('is the same when a file moves, and another when a member changes that is only led to', LIMIT, () => {
    const moved = {
      'index.d.ts': "export * from './key.js';\nexport { type Door } from './door.js';\n",
      'door.d.ts': BEFORE['rooms/door.d.ts'].replace('../lock.js', './lock.js'),
      'lock.d.ts': BEFORE['lock.d.ts'].replace('Turns', 'Clicks'),
      'key.d.ts': BEFORE['key.d.ts'],
    };
    assert.deepEqual(surface(moved), surface(BEFORE));
    const changed = { ...BEFORE, 'lock.d.ts': BEFORE['lock.d.ts'].replace('number', 'string') };
    assert.notDeepEqual(surface(changed), surface(BEFORE));
  });
});
