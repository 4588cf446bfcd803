import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { howMany } from '../full-run.js';
import { playSeed, type SimOutcome } from './sim-history.js';
import { SIM_KINDS, type SimFamily, type SimFaultKind } from './sim-plan.js';

/** How many seeds a family plays: in every test run, and in `npm run test:full`. */
export interface SeedCount {
  readonly sample: number;
  readonly full: number;
}

const { MILLRACE_SEED, MILLRACE_SEEDS } = process.env;

/** With so many seeds every kind of job, and a dead letter, must be among them. */
const MEANT_TO_SHOW_ALL = 60;

/** Plays the seeds of a family and fails at the first that breaks a promise, with the command that plays it again. */
export async function playSeeds(
  context: TestContext,
  family: SimFamily,
  counts: SeedCount,
): Promise<readonly SimOutcome[]> {
  const count = Number(MILLRACE_SEEDS ?? howMany(counts));
  const seeds =
    MILLRACE_SEED === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(MILLRACE_SEED)];
  const outcomes: SimOutcome[] = [];
  for (const seed of seeds) {
    const outcome = await playSeed(seed, family);
    assert.ok(outcome.verdicts.length === 0, failureOf(family, outcome));
    outcomes.push(outcome);
    // the runner's own timers, and what the garbage collector has put off
    if (seed % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const line of summaryOf(outcomes)) context.diagnostic(line);
  if (outcomes.length >= MEANT_TO_SHOW_ALL) assertEachKindPlayed(outcomes);
  return outcomes;
}

function assertEachKindPlayed(outcomes: readonly SimOutcome[]): void {
  const played = new Set(outcomes.map(({ plan }) => plan.kind));
  for (const kind of SIM_KINDS) assert.ok(played.has(kind), `no job of the kind ${kind} was played`);
  assert.ok(
    outcomes.some(({ letters }) => letters > 0),
    'no dead letter arrived',
  );
  for (const kind of ['windows', 'late', 'timers'] as const)
    assert.ok(
      outcomes.some(({ timed }) => timed[kind] > 0),
      `nothing came of ${kind}`,
    );
}

/** How often each kind of fault hit. */
export function firedIn(outcomes: readonly SimOutcome[]): ReadonlyMap<SimFaultKind, number> {
  const counts = new Map<SimFaultKind, number>();
  for (const { fired } of outcomes) for (const kind of fired) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function failureOf(family: SimFamily, { plan, verdicts }: SimOutcome): string {
  const { habits: _, ...told } = plan;
  return [
    `seed ${plan.seed}: ${verdicts[0]}`,
    ...verdicts.slice(1, 10),
    `again: node scripts/replay-seed.mjs ${family} ${plan.seed}`,
    JSON.stringify(told),
  ].join('\n');
}

/** What came of windows and timers. */
function timedIn(outcomes: readonly SimOutcome[]): string {
  const kinds = ['windows', 'late', 'timers'] as const;
  return kinds.map((kind) => `${kind} ${outcomes.reduce((total, { timed }) => total + timed[kind], 0)}`).join(', ');
}

function summaryOf(outcomes: readonly SimOutcome[]): readonly string[] {
  const sum = (of: (outcome: SimOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const faults = [...firedIn(outcomes)].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const kinds = SIM_KINDS.map((kind) => `${kind} ${outcomes.filter(({ plan }) => plan.kind === kind).length}`);
  return [
    `kinds of job: ${kinds.join(', ')}`,
    `dead letters: ${sum(({ letters }) => letters)}`,
    `with time: ${outcomes.filter(({ plan }) => plan.time !== undefined).length}; ${timedIn(outcomes)}`,
    `${outcomes.length} seeds, ${sum(({ starts }) => starts)} starts of the process, ${sum(({ commits }) => commits)} commits`,
    `faults that hit: ${faults}`,
    `duplicates: ${sum(({ duplicates }) => duplicates)}`,
  ];
}
