import { readFileSync } from 'node:fs';
import { type Child, startChild } from '../../test/support/child-process.js';
import { within } from '../../test/support/within.js';
import { type BenchMosquitto, startBenchMosquitto } from '../support/bench-mosquitto.js';
import { cpuMicrosOf } from '../support/cpu-of.js';
import type { Measured } from '../support/run-contender.js';
import { startFakeBroker } from '../support/start-fake-broker.js';
import { FILTER } from '../support/workload.js';
import { EARLY, fillMarked, MarkWitness } from './backlog.js';
import { countReceived } from './count-received.js';
import type { PeerTask, ReadyPeer } from './peer.js';

const CLIENT_ID = 'bench-peer';
/** Of one run: a peer that stands still is an error of the benchmark, and is said. */
const LIMIT_MS = 60_000;

/** How much there is to do. */
export interface PeerWork {
  readonly messages: number;
  readonly window: number;
}

/**
 * A backlog of QoS 1 from one mosquitto to another, seen from outside, at the other broker, which is asked at the end how many have come. Time
 * and CPU are those behind the first messages; what is before and how long these take is told apart.
 */
export async function runBridge(peer: ReadyPeer, { messages, window }: PeerWork): Promise<Measured> {
  const from = await startBenchMosquitto(window);
  let to: BenchMosquitto | undefined;
  let child: Child | undefined;
  let witness: MarkWitness | undefined;
  try {
    await fillMarked(from.url, CLIENT_ID, messages);
    const task: PeerTask = {
      work: 'bridge',
      from: String(from.port),
      to: '',
      window,
      clientId: CLIENT_ID,
      filter: FILTER,
    };
    const more = peer.how === 'broker' ? peer.config(task) : [];
    // a bridge in the other broker begins with it, and has to wait for the witness
    from.suspend();
    to = await startBenchMosquitto(window, { counts: true, more });
    const broker = to;
    let pid = broker.pid;
    witness = await MarkWitness.open(broker.url, () => cpuMicrosOf(pid));
    from.resume();
    const startedAt = performance.now();
    if (peer.how === 'program') {
      child = await start(peer, { ...task, to: String(broker.port) });
      pid = child.pid;
    }
    const measured = await measure(witness, { messages, startedAt, child });
    await countReceived(broker.url, messages);
    return { ...measured, maxRssBytes: peakOf(pid) };
  } finally {
    witness?.close();
    await child?.end('SIGKILL');
    await Promise.all([from.stop(), to?.stop()]);
  }
}

interface Running {
  readonly messages: number;
  readonly startedAt: number;
  readonly child: Child | undefined;
}

async function measure(witness: MarkWitness, { messages, startedAt, child }: Running): Promise<Measured> {
  const through = child === undefined ? witness.when('through') : Promise.race([witness.when('through'), endOf(child)]);
  const last = await within(through, LIMIT_MS, 'the last message');
  const [first, early] = [await witness.when('begun'), await witness.when('early')];
  // a broker does more than its bridge, and started before
  const own = child === undefined ? Number.NaN : 1;
  const later = messages - EARLY;
  return {
    messages: later,
    wallMs: last.atMs - early.atMs,
    cpuMicros: own * (last.cpuMicros - early.cpuMicros),
    maxRssBytes: 0,
    figures: {
      startMs: own * (first.atMs - startedAt),
      startCpuMs: own * (first.cpuMicros / 1000),
      earlyRate: (EARLY * 1000) / (early.atMs - first.atMs),
      earlyCpu: (own * (early.cpuMicros - first.cpuMicros)) / EARLY,
    },
  };
}

/** A stream of QoS 1 from a broker that only counts: from the first message to the last acknowledgement. */
export async function runConsumer(peer: ReadyPeer, { messages, window }: PeerWork): Promise<Measured> {
  if (peer.how === 'broker') throw new Error('a broker consumes nothing');
  const broker = await startFakeBroker({ qos: 1, messages, window });
  broker.start();
  const from = new URL(broker.url).port;
  const child = await start(peer, { work: 'consume', from, to: '', window, clientId: CLIENT_ID, filter: FILTER });
  try {
    await within(Promise.race([broker.playing, endOf(child)]), LIMIT_MS, 'a subscription');
    const [startedAt, before] = [performance.now(), cpuMicrosOf(child.pid)];
    await within(Promise.race([broker.finish(), endOf(child)]), LIMIT_MS, 'the last acknowledgement');
    const wallMs = performance.now() - startedAt;
    const cpuMicros = cpuMicrosOf(child.pid) - before;
    return { messages, wallMs, cpuMicros, maxRssBytes: peakOf(child.pid) };
  } finally {
    await child.end('SIGKILL');
    await broker.stop();
  }
}

async function start(peer: ReadyPeer & { readonly how: 'program' }, task: PeerTask): Promise<Child> {
  const { command, args, env = {} } = await peer.commandLine(task);
  return startChild(command, args, { env });
}

const endOf = async ({ exited, stderr }: Child): Promise<never> => {
  const { code } = await exited;
  throw new Error(`it ended with ${code}\n${stderr.slice(-10).join('\n')}`);
};

/** Resident memory at its highest. 0 where there is no `/proc`. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
