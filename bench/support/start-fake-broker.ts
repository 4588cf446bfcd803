import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { deferred } from '../../test/support/deferred.js';
import type { FakeBrokerMessage, FakeBrokerTask } from './fake-broker.js';
import type { Referee } from './run-contender.js';

/** A running one. */
export interface FakeBroker extends Referee {
  readonly url: string;
  /** Resolves when it has been started and a client has subscribed to its stream. */
  readonly playing: Promise<void>;
  /** Connections stay and connects succeed, but nothing is answered. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** A fake broker in its own process: `start` lets it play, `finish` resolves when all is sent and acknowledged. */
export async function startFakeBroker(task: FakeBrokerTask): Promise<FakeBroker> {
  const file = fileURLToPath(new URL('./fake-broker.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(task)], { execArgv: ['--import', 'tsx'] });
  const [listening, playing, done] = [deferred<number>(), deferred<void>(), deferred<void>()];
  child.on('message', (message: FakeBrokerMessage) => {
    if (message.type === 'listening') listening.resolve(message.port);
    else (message.type === 'playing' ? playing : done).resolve();
  });
  const port = await listening.promise;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    playing: playing.promise,
    start: () => child.send({ type: 'play' }),
    finish: async () => {
      await done.promise;
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
