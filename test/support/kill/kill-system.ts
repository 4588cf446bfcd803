import { fileURLToPath } from 'node:url';
import { buildOnce } from '../build-once.js';
import type { SeenMessage } from '../clients/mosquitto-sub.js';
import { type Launch, nodeLaunch } from './kill-launch.js';
import { isOfWindows, KILL_WINDOWS, windowsOwed } from './kill-windows.js';

/** What a system under test stands between. */
export interface Endpoints {
  readonly fromUrl: string;
  readonly toUrl: string;
  /** Messages come on `in/…` below this and are to go to `out/…`, with the same last level. */
  readonly prefix: string;
  /** Kept from start to start. */
  readonly clientId: string;
  /** A directory that is kept from start to start. */
  readonly dir: string;
}

/** A bridge between two brokers, ours or another's, as a process that can be killed. It prints RUNNING when it runs. */
export interface BridgeSystem {
  readonly title: string;
  /** The QoS at which its input is published. */
  readonly qos: 1 | 2;
  /** What it may do with a message under a fault: never lose it (1), nor deliver it twice (2). 0: nothing is promised. */
  readonly promise: 0 | 1 | 2;
  launch(ends: Endpoints): Promise<Launch>;
  /** The text that was sent, of one that came out. Default: it is the same. */
  letterOf?(text: string): string;
  /** Whether what came out on a topic, which is given as it is below `out/`, is one of the messages that were sent. Default: all are. */
  isLetter?(topic: string): boolean;
  /** Whether more is to come of what has come out, besides messages that were sent. Default: nothing is. */
  owes?(messages: readonly SeenMessage[]): boolean;
}

/** Less than a process is given to end; nothing that is to end in order takes so long, but on a machine that has other work. */
const DRAIN_SECONDS = '20';

const PROMISES = { none: 0, 'at-least-once': 1, 'exactly-once': 2 } as const;

/** `millrace bridge` as its users run it. */
export interface MillraceOptions {
  readonly qos?: 1 | 2;
  /** Default exactly-once. */
  readonly guarantee?: keyof typeof PROMISES;
  /** Further arguments of the command. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The bridge of this project. */
export function millraceBridge(options: MillraceOptions = {}): BridgeSystem {
  const { guarantee = 'exactly-once', args = [], env = {} } = options;
  const qos = options.qos ?? (guarantee === 'exactly-once' ? 2 : 1);
  const launch = async ({ fromUrl, toUrl, prefix, clientId, dir }: Endpoints) => {
    const level = prefix.split('/').length + 2;
    const command = [
      ...['bridge', '--from', fromUrl, '--topic', `${prefix}/in/#`, '--to', toUrl],
      ...['--to-topic', `${prefix}/out/{level.${level}}`, '--client-id', clientId, '--qos', String(qos)],
      ...['--guarantee', guarantee, ...(guarantee === 'exactly-once' ? ['--dir', dir] : [])],
      ...['--drain-timeout', DRAIN_SECONDS],
      // how soon a broker answers is no promise of ours
      ...['--connect-timeout', '0'],
      ...args,
    ];
    const { nodeArgs, main } = await buildOnce();
    return nodeLaunch([...nodeArgs, main, ...command], env);
  };
  return { title: `millrace ${guarantee}, QoS ${qos}`, qos, promise: PROMISES[guarantee], launch };
}

/** What `kill-pipeline.mjs` runs. */
export interface PipelineOptions {
  readonly kind: 'plain' | 'async' | 'count' | 'timers' | 'windows' | 'dedupe' | 'cross';
  /** Of the input. Default 2. */
  readonly qos?: 1 | 2;
  /** Default exactly-once. */
  readonly guarantee?: 'at-least-once' | 'exactly-once';
  readonly job?: Readonly<Record<string, unknown>>;
  readonly onSessionLoss?: 'fail' | 'redeliver' | 'drop';
  /** Connect options of both sides, over quick reconnects. */
  readonly connect?: Readonly<Record<string, unknown>>;
}

const PIPELINE = fileURLToPath(new URL('./kill-pipeline.mjs', import.meta.url));

/** A pipeline under `millrace run`, with reconnects that are quicker than the command's. */
export function millracePipeline(title: string, options: PipelineOptions): BridgeSystem {
  const { qos = 2, guarantee = 'exactly-once' } = options;
  const launch = async ({ fromUrl, toUrl, prefix, clientId, dir }: Endpoints) => {
    const { nodeArgs, main, index } = await buildOnce();
    const env = {
      KILL_MILLRACE: index,
      KILL_FROM: fromUrl,
      KILL_TO: toUrl,
      KILL_PREFIX: prefix,
      KILL_CLIENT_ID: clientId,
      KILL_OPTIONS: JSON.stringify({ ...options, qos, guarantee, windows: KILL_WINDOWS }),
    };
    return nodeLaunch([...nodeArgs, main, 'run', PIPELINE, '--dir', dir, '--drain-timeout', DRAIN_SECONDS], env);
  };
  const plain: BridgeSystem = { title, qos, promise: guarantee === 'exactly-once' ? 2 : 1, launch };
  if (options.kind === 'windows')
    return {
      ...plain,
      letterOf: (text) => text.replace(/^\d+ -?\d+ /, ''),
      isLetter: (topic) => !isOfWindows(topic),
      owes: windowsOwed,
    };
  const numbers = options.kind === 'count' || options.kind === 'timers';
  return numbers ? { ...plain, letterOf: (text) => text.replace(/^\d+ /, '') } : plain;
}
