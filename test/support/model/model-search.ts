import type { SeededRandom } from '../seeded-random.js';

/** One thing that may happen in a state, and the state it leads to. */
export interface Step<S> {
  readonly action: string;
  /** A crash, a cut, a loss: bounded in number, and not needed for progress. */
  readonly fault: boolean;
  readonly state: S;
}

/** What is searched. States are values: a step makes a new one. */
export interface Model<S> {
  readonly initial: S;
  /** Equal for two states that behave alike from now on. */
  key(state: S): string;
  steps(state: S): readonly Step<S>[];
  /** The name of a broken promise, e.g. `LOSS of 0`; undefined where all is well. */
  violation(state: S): string | undefined;
  /** Whether all there was to do is done. */
  drained(state: S): boolean;
  /** One line about a state, for traces. */
  describe(state: S): string;
}

export interface SearchResult {
  readonly states: number;
  readonly transitions: number;
  /** What was broken first, with a shortest way there. `NOT LIVE`: from there, no way without faults leads to a drained state. */
  readonly violation: { readonly verdict: string; readonly trace: readonly string[] } | undefined;
}

interface Node<S> {
  readonly state: S;
  readonly from: number;
  readonly action: string;
}

/** Breadth first over every interleaving, so that the first violation found has a shortest trace. */
export function search<S>(model: Model<S>, maxStates = 500_000): SearchResult {
  const nodes: Node<S>[] = [{ state: model.initial, from: -1, action: 'start' }];
  const numbers = new Map([[model.key(model.initial), 0]]);
  const edges: { readonly from: number; readonly to: number }[] = [];
  let transitions = 0;
  for (let at = 0; at < nodes.length; at += 1) {
    const { state } = nodes[at] as Node<S>;
    const verdict = model.violation(state);
    if (verdict !== undefined) {
      return { states: nodes.length, transitions, violation: { verdict, trace: traceTo(model, nodes, at) } };
    }
    for (const step of model.steps(state)) {
      transitions += 1;
      const key = model.key(step.state);
      const to = numbers.get(key) ?? nodes.length;
      if (to === nodes.length) {
        numbers.set(key, to);
        nodes.push({ state: step.state, from: at, action: step.action });
        if (nodes.length > maxStates) throw new Error(`more than ${maxStates} states`);
      }
      if (!step.fault) edges.push({ from: at, to });
    }
  }
  const stuck = firstStuck(model, nodes, edges);
  const violation = stuck < 0 ? undefined : { verdict: 'NOT LIVE', trace: traceTo(model, nodes, stuck) };
  return { states: nodes.length, transitions, violation };
}

/** A random way through the model: the actions, and the keys of the states they led to. */
export function walk<S>(model: Model<S>, random: SeededRandom, length: number): readonly string[] {
  const seen: string[] = [];
  let state = model.initial;
  for (let count = 0; count < length; count += 1) {
    const steps = model.steps(state);
    if (steps.length === 0) break;
    const step = random.pick(steps);
    state = step.state;
    seen.push(`${step.action} -> ${model.key(state)}`);
  }
  return seen;
}

/** The first state from which no way without faults leads to a drained one; -1 when there is none. */
function firstStuck<S>(
  model: Model<S>,
  nodes: readonly Node<S>[],
  edges: readonly { readonly from: number; readonly to: number }[],
): number {
  const before: number[][] = nodes.map(() => []);
  for (const { from, to } of edges) before[to]?.push(from);
  const alive = nodes.map(({ state }) => model.drained(state));
  const queue = alive.flatMap((drained, index) => (drained ? [index] : []));
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    for (const from of before[index] ?? []) {
      if (alive[from] === true) continue;
      alive[from] = true;
      queue.push(from);
    }
  }
  return alive.indexOf(false);
}

function traceTo<S>(model: Model<S>, nodes: readonly Node<S>[], last: number): string[] {
  const trace: string[] = [];
  for (let at = last; at >= 0; at = (nodes[at] as Node<S>).from) {
    const { action, state } = nodes[at] as Node<S>;
    trace.unshift(`${action.padEnd(34)} ${model.describe(state)}`);
  }
  return trace;
}

/** The verdict and the trace, a numbered line for each step. */
export function printed({ violation, states }: SearchResult): string {
  if (violation === undefined) return `no violation in ${states} states`;
  const lines = violation.trace.map((line, index) => `  ${String(index).padStart(2)}. ${line}`);
  return [`${violation.verdict} after ${violation.trace.length - 1} steps (${states} states seen)`, ...lines].join(
    '\n',
  );
}
