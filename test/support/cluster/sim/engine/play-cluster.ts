import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SeededRandom } from '../../../seeded-random.js';
import { ClusterHistory, type ClusterOutcome } from '../cluster-history.js';
import { holdOf, LEASE_MS, type PlannedClusterFault, type Schedule, scheduleOf } from '../schedule.js';
import { engineKind } from './engine-kind.js';

/** Longer than a mill needs: connections and sessions are made by the real client. */
const PUBLISH_MS = 3000;
/** By then sessions are there, where nothing is in their way. */
const MADE_MS = 700;
/** By then all nodes have begun. */
const STARTED_MS = 25;
/** About as many as it takes until the sessions of a node are made, those of its claims among them. */
const MOST_WRITES = 40;
/** Of each topic, where they can be in different partitions. */
const MOST_KEYS = 3;

/** By which a job tells that a session is not what it left. */
const CHANNELS = ['session-lost', 'session-not-kept', 'session-went-back', 'session-unknown'];

/** The history of a seed with the real engine. @param onLine told what happens */
export async function playCluster(seed: number, onLine?: (line: string) => void): Promise<ClusterOutcome> {
  const random = new SeededRandom(seed + 2_000_000);
  const planned = scheduleOf(seed, random);
  const laterMs = random.pick([0, MADE_MS, 2 * MADE_MS]);
  const faults = planned.faults.map(({ atMs, fault }) => ({ atMs: atMs + laterMs, fault }));
  const schedule: Schedule = {
    ...planned,
    faults: [...faults, ...takeoverOf(random, planned.nodes)],
    publishMs: PUBLISH_MS,
    messages: 3 + random.below(10),
  };
  const keys = schedule.partitions === 1 ? 1 : MOST_KEYS;
  const protocolVersion = random.pick([4, 5] as const);
  const death = deathOf(random, planned.nodes);
  const history = new ClusterHistory(
    { ...schedule, faults: [...schedule.faults, ...death] },
    engineKind({ protocolVersion, keys }),
  );
  history.world.onLine = onLine;
  const { told, ...outcome } = await listening(() => history.play());
  const { lostCount } = history.world.deliveries;
  const isSilent = lostCount > 0 && told === 0;
  return isSilent
    ? { ...outcome, verdicts: [`${lostCount} messages went with a session, and nobody said so`] }
    : outcome;
}

/** A node that dies while its partitions make their sessions, just when messages come to those (R6a). */
function deathOf(random: SeededRandom, nodes: number): readonly PlannedClusterFault[] {
  if (!random.chance(0.4)) return [];
  const node = random.below(nodes);
  const atWrite = 1 + random.below(MOST_WRITES);
  const downMs = random.pick([0.1, 0.5]) * LEASE_MS;
  return [{ atMs: STARTED_MS, fault: { kind: 'kill', node, atWrite, downMs, diskLost: false, provokes: true } }];
}

/** How often a job told something of its sessions meanwhile. */
async function listening(play: () => Promise<ClusterOutcome>): Promise<ClusterOutcome & { readonly told: number }> {
  let told = 0;
  const tell = (): void => {
    told += 1;
  };
  const channels = CHANNELS.map((name) => `millrace:${name}`);
  for (const name of channels) subscribe(name, tell);
  try {
    return { ...(await play()), told };
  } finally {
    for (const name of channels) unsubscribe(name, tell);
  }
}

/**
 * A CONNECT on its way that arrives when another node has the session: perhaps the first of all, and the one behind it, which is to begin
 * the session anew since it does not know what became of the first (R6a).
 */
function takeoverOf(random: SeededRandom, nodes: number): readonly PlannedClusterFault[] {
  const chance = random.next();
  if (chance > 0.7) return [];
  if (chance > 0.3)
    return [
      { atMs: random.next() * PUBLISH_MS, fault: { kind: 'hold', node: random.below(nodes), ...holdOf(random) } },
    ];
  const { side, holdMs, pauseMs } = holdOf(random);
  const first: PlannedClusterFault = { atMs: 0, fault: { kind: 'hold-next', side, holdMs, pauseMs } };
  const later = { holdMs: holdMs + LEASE_MS, pauseMs: pauseMs + LEASE_MS };
  return random.chance(0.3) ? [first] : [first, { atMs: 0, fault: { kind: 'hold-next', side, ...later } }];
}
