import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./viewers-process.ts', import.meta.url));

/** Who looks at a server, in a process of their own. */
export interface StartedViewers {
  /** How often they were shown how the jobs stand, since all of them were. */
  frames(): number;
  stop(): Promise<void>;
}

/** So many viewers of the server at a Unix socket, one of which does not read. Resolves when the others have been shown something. */
export async function startViewers(path: string, count: number): Promise<StartedViewers> {
  const child = fork(PROCESS, [path, String(count)], { execArgv: ['--import', 'tsx'] });
  let frames = 0;
  await once(child, 'message');
  child.on('message', (seen) => {
    frames = Number(seen);
  });
  return {
    frames: () => frames,
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
