/** The store of a directory, a log in front of LMDB, or LMDB alone. */
export type StoreForm = 'log' | 'lmdb';

/** Windows of time, and how often each key has an item. */
export interface WindowTask {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly everyMs: number;
}

/** What a contender's process is told on its command line. */
export interface ContenderTask {
  readonly url: string;
  /** The receiving broker of a bridge. */
  readonly toUrl: string;
  readonly qos: 0 | 1 | 2;
  readonly messages: number;
  /** Messages in flight. */
  readonly window: number;
  readonly clientId: string;
  /** Where a store is kept, if not in a directory of its own in the temporary one. */
  readonly dir?: string;
  /** Different keys of a pipeline with state. */
  readonly keys?: number;
  /** Of a pipeline with windows. */
  readonly windows?: WindowTask;
  /** Which store: the one of a directory, or what earlier versions had. The first when undefined. */
  readonly store?: StoreForm;
}

/** What only some tables have, by name. */
export type Figures = Readonly<Record<string, number>>;

/** One way to do the task. `connect` prepares; `run` does the work and resolves when `messages` are through. */
export interface Contender {
  run(): Promise<void>;
  /** Asked after `run`. */
  figures?(): Figures;
  close(): Promise<void>;
}

export type ParentMessage = { readonly type: 'go' } | { readonly type: 'report' };
export type ContenderMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done' }
  | { readonly type: 'result'; readonly cpuMicros: number; readonly maxRssBytes: number; readonly figures: Figures };

/** The main of a contender's process: ready, go, done, report, result. CPU is counted from `go` to `report`. */
export async function serveContender(connect: (task: ContenderTask) => Promise<Contender>): Promise<void> {
  const task: ContenderTask = JSON.parse(process.argv[2] ?? '{}');
  const contender = await connect(task);
  send({ type: 'ready' });
  await parentSays('go');
  const before = process.cpuUsage();
  await contender.run();
  send({ type: 'done' });
  await parentSays('report');
  const used = process.cpuUsage(before);
  const figures = contender.figures?.() ?? {};
  const maxRssBytes = process.resourceUsage().maxRSS * 1024;
  send({ type: 'result', cpuMicros: used.user + used.system, maxRssBytes, figures });
  await contender.close();
  process.disconnect();
}

const said: ParentMessage[] = [];
process.on('message', (message: ParentMessage) => {
  said.push(message);
});

async function parentSays(type: ParentMessage['type']): Promise<void> {
  while (!said.some((message) => message.type === type)) {
    await new Promise((resolve) => process.once('message', resolve));
  }
}

function send(message: ContenderMessage): void {
  process.send?.(message);
}
