import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./busy-disk-process.ts', import.meta.url));

/** Does work on a disk that is quiet, or beside a process that flushes. */
export async function onDisk<R>(disk: 'quiet' | 'busy', work: () => Promise<R>): Promise<R> {
  if (disk === 'quiet') return work();
  const busy = await startBusyDisk();
  try {
    return await work();
  } finally {
    await busy.stop();
  }
}

/** A process that writes to the disk of the temporary directory and flushes, again and again, until it is stopped. */
async function startBusyDisk(): Promise<{ stop(): Promise<void> }> {
  const child = fork(PROCESS, [], { execArgv: ['--import', 'tsx'] });
  await once(child, 'message');
  return {
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
