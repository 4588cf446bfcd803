import {
  confirmMarkers,
  KEPT,
  markerQuestion,
  type SessionMarkers,
  spendMarkers,
} from '../../../src/mqtt/connection/identity/record/session-markers.js';
import { type MarkerQuestion, sessionProof } from '../../../src/mqtt/protocol/session/proof/session-proof.js';
import type { Model, Step } from './model-search.js';

/** The rules under test: those of the record, or a way to be wrong. */
export interface MarkerRules {
  readonly question: typeof markerQuestion;
  readonly spend: typeof spendMarkers;
  readonly confirm: typeof confirmMarkers;
}

export const MARKER_RULES: MarkerRules = {
  question: markerQuestion,
  spend: spendMarkers,
  confirm: confirmMarkers,
};

/** What may go wrong, at most. */
export interface MarkerBounds {
  readonly resumes: number;
  /** Crashes and cuts while a session is asked about. */
  readonly breaks: number;
  /** The broker may be put back to a state of before. */
  readonly restores: 0 | 1;
}

/** A resume under way: which step of it is next. */
interface Asking {
  readonly step: 'commit' | 'ask' | 'hear' | 'refill' | 'confirm';
  readonly before: SessionMarkers;
  readonly question: MarkerQuestion;
  /** Codes of the UNSUBACKs so far. */
  readonly codes: readonly number[];
}

interface MarkersState {
  /** In the store. */
  readonly durable: SessionMarkers;
  readonly asking: Asking | undefined;
  readonly broker: readonly string[];
  /** What the broker had when it was copied, and how many resumes have begun and come to their end since. */
  readonly backup: { readonly filters: readonly string[]; readonly resumes: number } | undefined;
  /** Put back, and not told yet; `certain`: a whole resume lay between copy and restore, and at most one was broken off since. */
  readonly restored: 'no' | 'certain' | 'late';
  /** Resumes that were broken off since the last whole one. */
  readonly broken: number;
  readonly resumes: number;
  readonly breaks: number;
  readonly restores: number;
  readonly verdict: string | undefined;
}

const NONCE = 'n';
const filterOf = (index: number): string => `millrace/session/${NONCE}/${index}`;
const range = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, offset) => filterOf(from + offset));

/** The markers of one session between a store, a client that may crash at any step, and a broker that may go back (R5c). */
export const markersModel = (rules: MarkerRules, bounds: MarkerBounds): Model<MarkersState> => ({
  initial: {
    durable: { nonce: NONCE, next: 1, end: 1 + KEPT, gone: [0] },
    asking: undefined,
    broker: range(1, 1 + KEPT),
    backup: undefined,
    restored: 'no',
    broken: 0,
    resumes: 0,
    breaks: 0,
    restores: 0,
    verdict: undefined,
  },
  key: (state) => JSON.stringify(state),
  steps: (state) => (state.verdict === undefined ? [...progress(state, rules, bounds), ...faults(state, bounds)] : []),
  violation: ({ verdict }) => (verdict === 'told' ? undefined : verdict),
  drained: ({ asking, verdict }) => asking === undefined || verdict !== undefined,
  describe: ({ durable: { next, end, gone }, broker, restored }) =>
    `durable ${next}..${end} gone ${gone.join(',')} | broker ${broker.map((one) => one.split('/').at(-1)).join(',')} | ${restored}`,
});

const progress = (state: MarkersState, rules: MarkerRules, bounds: MarkerBounds): readonly Step<MarkersState>[] => {
  const { asking } = state;
  if (asking === undefined) return state.resumes < bounds.resumes ? begin(state, rules) : [];
  switch (asking.step) {
    case 'commit':
      return [
        step('the question is durable', {
          ...state,
          durable: rules.spend(asking.before),
          asking: { ...asking, step: 'ask' },
        }),
      ];
    case 'ask':
      return [ask(state, asking)];
    case 'hear':
      return [step('the answers are here', settle(state, asking))];
    case 'refill':
      return [refill(state, asking)];
    case 'confirm':
      return [confirm(state, asking, rules)];
  }
};

const step = (action: string, state: MarkersState): Step<MarkersState> => ({ action, fault: false, state });

const begin = (state: MarkersState, rules: MarkerRules): readonly Step<MarkersState>[] => {
  const question = rules.question(state.durable);
  if (question === undefined) return [];
  const asking: Asking = { step: 'commit', before: state.durable, question, codes: [] };
  return [step('resume', { ...state, asking, resumes: state.resumes + 1 })];
};

/** The broker takes the next UNSUBSCRIBE. */
const ask = (state: MarkersState, asking: Asking): Step<MarkersState> => {
  const { question } = asking;
  const filters = [...question.held, ...question.gone];
  const filter = filters[asking.codes.length] ?? '';
  const codes = [...asking.codes, state.broker.includes(filter) ? 0x00 : 0x11];
  const broker = state.broker.filter((one) => one !== filter);
  const at = codes.length < filters.length ? 'ask' : 'hear';
  return step(`the broker unsubscribes ${filter}`, { ...state, broker, asking: { ...asking, step: at, codes } });
};

const settle = (state: MarkersState, asking: Asking): MarkersState => {
  const { restored } = state;
  const { question, codes } = asking;
  const proof = sessionProof(codes.slice(0, question.held.length), codes.slice(question.held.length));
  if (proof === 'ours') {
    const verdict = restored === 'certain' ? 'MISSED: the broker went back' : undefined;
    return { ...state, verdict, asking: { ...asking, step: 'refill' } };
  }
  if (restored === 'no') return { ...state, verdict: `FALSE ALARM: ${proof}` };
  return { ...state, verdict: 'told' };
};

const refill = (state: MarkersState, asking: Asking): Step<MarkersState> => {
  const { next } = state.durable;
  const broker = [...new Set([...state.broker, ...range(next, next + KEPT)])].sort(byIndex);
  return step('the broker grants new ones', { ...state, broker, asking: { ...asking, step: 'confirm' } });
};

const indexOf = (filter: string): number => Number(filter.split('/').at(-1));
const byIndex = (a: string, b: string): number => indexOf(a) - indexOf(b);

const confirm = (state: MarkersState, { before }: Asking, rules: MarkerRules): Step<MarkersState> => {
  const { durable, backup } = state;
  return step('what is gone, and what is there, is durable', {
    ...state,
    durable: { ...rules.confirm(before, durable), end: durable.next + KEPT },
    asking: undefined,
    broken: 0,
    backup: backup && { ...backup, resumes: backup.resumes + 1 },
  });
};

const fault = (action: string, state: MarkersState): Step<MarkersState> => ({ action, fault: true, state });

const faults = (state: MarkersState, bounds: MarkerBounds): readonly Step<MarkersState>[] => [
  ...(state.asking === undefined || state.breaks >= bounds.breaks ? [] : breakOff(state, state.asking)),
  ...(bounds.restores === 0 || state.backup !== undefined || state.restores > 0 ? [] : [copy(state)]),
  ...(state.backup === undefined || state.asking !== undefined ? [] : [restore(state, state.backup)]),
];

/** A crash of the client, or a cut: also in front of a commit, or of an UNSUBSCRIBE that the broker never sees. */
const breakOff = (state: MarkersState, { step: at }: Asking): readonly Step<MarkersState>[] => {
  const broken = state.broken + 1;
  // one that is not durable has asked nothing
  const counted = at === 'commit' ? state.broken : broken;
  const restored = state.restored === 'certain' && counted > 1 ? 'late' : state.restored;
  return [fault('CRASH', { ...state, asking: undefined, breaks: state.breaks + 1, broken: counted, restored })];
};

/** A copy of a broker amid a question is of the time before it. */
const copy = (state: MarkersState): Step<MarkersState> =>
  fault('THE BROKER IS COPIED', { ...state, backup: { filters: state.broker, resumes: state.asking ? -1 : 0 } });

const restore = (state: MarkersState, backup: NonNullable<MarkersState['backup']>): Step<MarkersState> =>
  fault('THE COPY IS PUT BACK', {
    ...state,
    broker: backup.filters,
    backup: undefined,
    restores: state.restores + 1,
    restored: backup.resumes > 0 && state.broken <= 1 ? 'certain' : 'late',
  });
