import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brokenPromises, evidenceTable } from '../../../evidence/support/evidence-table.js';
import { withKillAtWrite } from '../../support/kill/kill-at-write.js';
import { launch, nodeLaunch } from '../../support/kill/kill-launch.js';
import { millraceBridge } from '../../support/kill/kill-system.js';
import { LIMIT } from '../../support/limits.js';
import { injectedCalls, straceProblem, withInjection } from '../../support/strace-inject.js';
import { tempDir } from '../../support/temp-dir.js';

/** Writes `aaaa`, `bbbb` and `cccc` to a port, each when the last one was taken, and prints before each. */
const WRITER = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1', () => next(['aaaa', 'bbbb', 'cccc']));
  function next([first, ...others]) {
    if (first === undefined) return socket.end();
    console.log('writes ' + first);
    socket.write(first, () => setTimeout(() => next(others), 20));
  }`;

/** What arrived of a writer that was killed at its second write. */
async function arrived(moment: 'before' | 'half' | 'after'): Promise<string> {
  let bytes = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => server.close());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = launch(nodeLaunch(['-e', WRITER, '--', String(port)]), withKillAtWrite(2, moment));
  const [exit] = await Promise.all([child.exited, once(server, 'close')]);
  assert.equal(exit.signal, 'SIGKILL');
  return bytes;
}

/** Appends 'x' and flushes, as often as told. */
const FLUSHER = `
  const fs = require('node:fs');
  const [, file, count] = process.argv;
  const fd = fs.openSync(file, 'a');
  for (let done = 0; done < Number(count); done += 1) {
    fs.writeSync(fd, 'x');
    try { fs.fdatasyncSync(fd); } catch (error) { console.log(error.code); }
  }`;

describe('the tools of the fault tests', () => {
  it('a kill at a socket write lets nothing, half or all of it out', LIMIT, async () => {
    assert.equal(await arrived('before'), 'aaaa');
    assert.equal(await arrived('half'), 'aaaabb');
    assert.equal(await arrived('after'), 'aaaabbbb');
  });

  it('a system call is killed at, or fails, at its n-th time on one file', {
    ...LIMIT,
    skip: straceProblem() ?? false,
  }, async () => {
    const dir = tempDir('inject');
    const run = (file: string, fault: 'KILL' | 'EIO') => {
      const path = join(dir, file);
      writeFileSync(path, '');
      const wrap = withInjection({ file: path, syscalls: ['fdatasync'], nth: 2, fault, log: join(dir, `${file}.log`) });
      return launch(nodeLaunch(['-e', FLUSHER, '--', path, '4']), wrap);
    };
    const killed = run('killed', 'KILL');
    assert.equal((await killed.exited).signal, 'SIGKILL');
    assert.equal(readFileSync(join(dir, 'killed'), 'utf8'), 'xx');
    const failed = run('failed', 'EIO');
    assert.equal((await failed.exited).code, 0);
    assert.deepEqual(failed.stdout, ['EIO']);
    assert.equal(injectedCalls(join(dir, 'failed.log')), 1);
  });

  it('the table of the evidence shows every count, and a broken promise is named', () => {
    const system = millraceBridge();
    const report = {
      ...{ sent: 1200, seen: 1200, messages: [], lost: ['a'], duplicates: 2, phantoms: [], disordered: [] },
      recoveriesMs: [30, 10, 20.4],
    };
    const lines = evidenceTable([{ system, rounds: 3, report }]);
    assert.equal(lines.at(-1), '| millrace exactly-once, QoS 2 | 3 | 1,200 | 1 | 2 | 0 | 20 ms | 30 ms |');
    assert.equal(brokenPromises([{ system, rounds: 3, report }]).length, 1);
    assert.deepEqual(brokenPromises([{ system, rounds: 3, report: { ...report, lost: [], duplicates: 0 } }]), []);
  });
});
