import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FakeBrokerTask } from './fake-broker.js';
import type { Referee } from './run-contender.js';

/** A running one. */
export interface FakeBroker extends Referee {
  readonly url: string;
  /** Connections stay and connects succeed, but nothing is answered. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** A fake broker in its own process: `start` lets it play, `finish` resolves when all is sent and acknowledged. */
export async function startFakeBroker(task: FakeBrokerTask): Promise<FakeBroker> {
  const file = fileURLToPath(new URL('./fake-broker.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(task)], { execArgv: ['--import', 'tsx'] });
  const [{ port }] = await once(child, 'message');
  const done = once(child, 'message');
  return {
    url: `mqtt://127.0.0.1:${port}`,
    start: () => child.send({ type: 'play' }),
    finish: async () => {
      await done;
      return undefined;
    },
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
