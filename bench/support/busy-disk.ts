import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./busy-disk-process.ts', import.meta.url));

/** A process that writes to the disk of the temporary directory and flushes, again and again, until it is stopped. */
export async function startBusyDisk(): Promise<{ stop(): Promise<void> }> {
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
