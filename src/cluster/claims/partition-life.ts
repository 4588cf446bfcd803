/**
 * Where a partition stands at one node. `claimed`: the node has its claim, with a fresh epoch. `fenced-in`: nobody before it can write any
 * more. `restoring`: its view follows up to there. `opening`: sources and sinks are. `restarting`: it failed, and waits to be opened again,
 * with a claim of its own. `draining`: what is under way ends. `released`: it has ended in order, and the claim is being given back.
 * `lost`: it must stop at once, and somebody else may have it already.
 */
export type PartitionState =
  | 'idle'
  | 'claimed'
  | 'fenced-in'
  | 'restoring'
  | 'opening'
  | 'running'
  | 'restarting'
  | 'draining'
  | 'released'
  | 'lost';

/** What happens to it. `end`: whatever ran of it at this node has come to its end, or never began. */
export type PartitionSignal =
  | 'claim'
  | 'fence'
  | 'restore'
  | 'open'
  | 'run'
  | 'fail'
  | 'drain'
  | 'release'
  | 'lose'
  | 'end';

/** What is missing cannot happen. */
export type PartitionLife = Readonly<
  Record<PartitionState, Readonly<Partial<Record<PartitionSignal, PartitionState>>>>
>;

/** What ends a partition can come at any time; what it goes through has one order. */
const ANYWHERE = { drain: 'draining', lose: 'lost', end: 'idle' } as const;

/** Who opens it or runs it may fail. */
const OPENED = { fail: 'restarting', ...ANYWHERE } as const;

/** Who works on it may get further before it learns that it is to end: that changes nothing. */
const stays = <State extends PartitionState>(state: State) =>
  ({ fence: state, restore: state, open: state, run: state, fail: state }) as const;

export const PARTITION_LIFE: PartitionLife = {
  idle: { claim: 'claimed' },
  claimed: { fence: 'fenced-in', ...OPENED },
  'fenced-in': { restore: 'restoring', ...OPENED },
  restoring: { open: 'opening', ...OPENED },
  opening: { run: 'running', ...OPENED },
  running: OPENED,
  restarting: ANYWHERE,
  draining: { ...stays('draining'), release: 'released', lose: 'lost', end: 'idle' },
  released: { end: 'idle' },
  lost: { ...stays('lost'), lose: 'lost', release: 'idle', end: 'idle' },
};

/** It has a claim of the node, and whoever is there may still work on it. */
export const isHeld = (state: PartitionState): boolean => state !== 'lost' && PARTITION_LIFE[state].lose !== undefined;
