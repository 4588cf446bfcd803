import { EARLY } from '../peers/backlog.js';
import type { Peer, ReadyPeer } from '../peers/peer.js';
import { PEERS } from '../peers/peers.js';
import { type PeerWork, runBridge, runConsumer } from '../peers/run-peer.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { ratiosOf } from '../support/format-table.js';
import { type Column, type Comparison, CPU, figureColumn, RATE, RSS, ratePerSecond } from '../support/result.js';
import type { Measured } from '../support/run-contender.js';

/** Beside the first 5,000, which do not count. */
const BRIDGED = 40_000;
const CONSUMED = 100_000;

interface Workers {
  readonly ready: readonly { readonly peer: Peer; readonly how: ReadyPeer }[];
  /** Which are not, by name and reason. */
  readonly notes: readonly string[];
}

let prepared: Promise<Workers> | undefined;

/** Once in a run: one after the other, since each build takes all cores. */
function prepareAll(): Promise<Workers> {
  prepared ??= (async () => {
    const ready: { readonly peer: Peer; readonly how: ReadyPeer }[] = [];
    const notes: string[] = [];
    for (const peer of PEERS) {
      try {
        ready.push({ peer, how: await peer.prepare() });
      } catch (error) {
        notes.push(`Left out: ${peer.title} (${error instanceof Error ? error.message : error}).`);
      }
    }
    return { ready, notes };
  })();
  return prepared;
}

const guaranteeColumn = (of: (peer: Peer) => string | undefined): Column => ({
  heading: 'what it guarantees',
  cell: ({ contender }) => of(PEERS.find(({ title }) => title === contender) ?? missing(contender)) ?? '',
  isText: true,
});

const missing = (contender: string): never => {
  throw new Error(`there is no peer ${contender}`);
};

interface Work {
  readonly title: string;
  readonly peers: Workers['ready'];
  readonly notes: readonly string[];
  readonly guarantee: (peer: Peer) => string | undefined;
  readonly run: (how: ReadyPeer) => Promise<Measured>;
}

async function compareAll({ title, peers, notes, guarantee, run }: Work, options: BenchOptions): Promise<Comparison> {
  const entries = peers.map(({ peer, how }) => ({ contender: peer.title, measure: () => run(how) }));
  // ordered by rate: not all have a CPU of their own
  const comparison = await compare(title, entries, { rounds: options.rounds, by: ratePerSecond });
  const [first] = comparison.rows;
  if (first === undefined) throw new Error('no peer is there');
  return { ...comparison, columns: [RATE, CPU, RSS, ...ratiosOf(first), guaranteeColumn(guarantee)], notes };
}

/** Drains a backlog of QoS 1 from one mosquitto to another; with the stock window, how long each takes to be at its best, too. */
export async function bridgePeersCase(window: 20 | 1000, options: BenchOptions): Promise<readonly Comparison[]> {
  const { ready, notes } = await prepareAll();
  const work: PeerWork = { messages: EARLY + Math.round(BRIDGED * options.scale), window };
  const name = window === 20 ? 'stock window (20)' : 'window 1,000';
  const comparison = await compareAll(
    {
      title: `Bridge draining a backlog, QoS 1, ${name}`,
      peers: ready,
      notes,
      guarantee: ({ bridge }) => bridge,
      run: (how) => runBridge(how, work),
    },
    options,
  );
  return window === 20 ? [comparison, startOf(comparison)] : [comparison];
}

/** The same runs, seen as what a process needs to be at its best. */
const startOf = ({ rows, rounds }: Comparison): Comparison => ({
  title: 'Start of a process, and its first 5,000 messages',
  rounds,
  rows,
  columns: [
    figureColumn('ms to the first message', 'startMs', 0),
    figureColumn('ms of CPU until then', 'startCpuMs', 0),
    figureColumn('messages/s, first 5,000', 'earlyRate', 0),
    { ...RATE, heading: '… behind them' },
    figureColumn('CPU µs/message, first 5,000', 'earlyCpu', 2),
    { ...CPU, heading: '… behind them' },
  ],
});

/** Acknowledges each message behind its work, with the stock window. */
export async function consumePeersCase(options: BenchOptions): Promise<Comparison> {
  const { ready, notes } = await prepareAll();
  const work: PeerWork = { messages: Math.round(CONSUMED * options.scale), window: 20 };
  return compareAll(
    {
      title: 'Consumer that acknowledges behind the work, QoS 1, stock window (20)',
      peers: ready.filter(({ peer }) => peer.consume !== undefined),
      notes,
      guarantee: ({ consume }) => consume,
      run: (how) => runConsumer(how, work),
    },
    options,
  );
}
