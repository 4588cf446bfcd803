import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FakeBrokerTask } from './fake-broker.js';
import type { Referee } from './run-contender.js';

/** A fake broker in its own process: `start` lets it play, `finish` resolves when all is sent and acknowledged. */
export async function startFakeBroker(task: FakeBrokerTask): Promise<Referee & { url: string; stop(): Promise<void> }> {
  const file = fileURLToPath(new URL('./fake-broker.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(task)], { execArgv: ['--import', 'tsx'] });
  const [{ port }] = await once(child, 'message');
  const done = once(child, 'message');
  return {
    url: `mqtt://127.0.0.1:${port}`,
    start: () => child.send({ type: 'play' }),
    finish: async () => {
      await done;
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
