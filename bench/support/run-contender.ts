import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BUILT_PACKAGE_CONFIG } from './build-package.js';
import type { ContenderMessage, ContenderTask, Figures } from './contender.js';

/** What one contender needed for the task. */
export interface Measured {
  readonly messages: number;
  readonly wallMs: number;
  readonly cpuMicros: number;
  readonly maxRssBytes: number;
  readonly figures?: Figures;
}

/**
 * Lets the parent take part: `start` right after `go`, `finish` before the figures are asked for; it may add some, and
 * `wallMs` where the end was another one than its own.
 */
export interface Referee {
  start(): void;
  finish(): Promise<Figures | undefined>;
}

const NO_REFEREE: Referee = { start: () => {}, finish: async () => undefined };

/** Runs `bench/contenders/<name>.ts` in a process of its own. Rejects when the process ends early. */
export async function runContender(name: string, task: ContenderTask, referee = NO_REFEREE): Promise<Measured> {
  const file = fileURLToPath(new URL(`../contenders/${name}.ts`, import.meta.url));
  const child = fork(file, [JSON.stringify(task)], {
    execArgv: ['--import', 'tsx', ...(profiling(name) ?? [])],
    env: { ...process.env, TSX_TSCONFIG_PATH: BUILT_PACKAGE_CONFIG },
  });
  const inbox = openInbox(child, name);
  try {
    await inbox.next('ready');
    const startedAt = performance.now();
    child.send({ type: 'go' });
    referee.start();
    await inbox.next('done');
    const seen = await referee.finish();
    const wallMs = seen?.wallMs ?? performance.now() - startedAt;
    child.send({ type: 'report' });
    const result = await inbox.next('result');
    await inbox.ended;
    const { cpuMicros, maxRssBytes } = result;
    return { messages: task.messages, wallMs, cpuMicros, maxRssBytes, figures: { ...result.figures, ...seen } };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** `MILLRACE_BENCH_PROFILE=<directory>` writes a CPU profile of every contender there. */
function profiling(name: string): readonly string[] | undefined {
  const directory = process.env.MILLRACE_BENCH_PROFILE;
  return directory === undefined
    ? undefined
    : ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${name}.cpuprofile`];
}

function openInbox(child: ChildProcess, name: string) {
  const arrived: ContenderMessage[] = [];
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', (message: ContenderMessage) => arrived.push(message));
  const next = async <T extends ContenderMessage['type']>(type: T): Promise<Extract<ContenderMessage, { type: T }>> => {
    for (;;) {
      const found = arrived.find((message): message is Extract<ContenderMessage, { type: T }> => message.type === type);
      if (found !== undefined) return found;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the contender ${name} ended before '${type}'`);
      await Promise.race([new Promise((resolve) => child.once('message', resolve)), ended]);
    }
  };
  return { next, ended };
}
