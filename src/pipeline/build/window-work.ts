import { MillraceError } from '../../errors/millrace-error.js';
import type { OptionChecks } from '../../internal/options/check-options.js';
import { count, withMethods } from '../../internal/options/option-checks.js';
import { StateCodecs } from '../codec/state-codecs.js';
import type { ClockKind } from '../timers/stage-clock.js';
import type { StatefulWork, WindowOperation } from '../vertex.js';
import type { WindowOptions } from '../window-options.js';
import { Accumulators, type AnyAggregate } from '../windows/accumulators.js';
import { createWindowLogic } from '../windows/create-window-logic.js';
import { keptWindows } from '../windows/kept-windows.js';
import { refuseLarge } from '../windows/refuse-large.js';
import { windowCodec } from '../windows/window-codec.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import { emptyState, type WindowState } from '../windows/window-state.js';
import { checkFunctions } from './check-parts.js';
import { checkStageOptions, STAGE, stateCodec } from './check-stage-options.js';

const WINDOW: OptionChecks<WindowOptions<never, never>> = {
  ...STAGE,
  codec: stateCodec,
  maxKeys: count,
  lateItems: withMethods('a sink', 'createWriter'),
};

/** @throws MillraceError INVALID_OPTIONS for what is no definition of windows */
export const checkWindows = (given: WindowDefinition): void => {
  if (typeof given === 'object' && given !== null && 'shape' in given) return;
  throw new MillraceError('INVALID_OPTIONS', 'window: it is no definition of windows', {
    advice: 'WindowDefinition.tumbling, sliding and session make one.',
  });
};

/** @throws MillraceError INVALID_OPTIONS for what is no aggregate */
export const checkAggregate = (method: string, given: unknown): void => {
  const { create, accumulate, export: exportFn } = Object(given);
  checkFunctions(method, { create, accumulate, export: exportFn });
};

/** Options of a stage with windows, and what its kind says. */
export interface WindowsWanted<T, A> extends WindowOptions<T, A> {
  readonly keyed: boolean;
  /** Which time its windows go by: that of the items, or that of the machine. Default `event`. */
  readonly clock?: ClockKind;
}

/** What a stage of these windows does. @throws MillraceError INVALID_OPTIONS */
export const windowWork = <T, A>(
  definition: WindowDefinition,
  operation: AnyAggregate,
  { keyed, clock = 'event', ...options }: WindowsWanted<T, A>,
): StatefulWork => {
  checkAggregate('aggregate', operation);
  checkStageOptions<WindowOptions<T, A>>('aggregate', options, WINDOW);
  checkCombines(definition, operation);
  const { codec: accumulators = StateCodecs.structuredClone<A>(), onError = 'fail', maxKeys } = options;
  const { parts, ...codec } = windowCodec(definition.shape, accumulators);
  return {
    kind: 'stateful',
    operation: windowOperation(definition, new Accumulators(operation, accumulators), keyed),
    codec,
    ...(parts && { parts }),
    windows: keptWindows(definition.shape, operation, keyed),
    forgetWhen: ({ panes }: WindowState) => panes.length === 0,
    onError,
    forgets: true,
    ...(maxKeys !== undefined && { maxKeys }),
    timed: { clock, forgetAfter: undefined, ...(definition.earlyResultsPeriod !== undefined && { early: true }) },
  };
};

const windowOperation = (definition: WindowDefinition, accumulators: Accumulators, keyed: boolean): WindowOperation => {
  const logic = createWindowLogic(definition, accumulators);
  return {
    kind: 'window',
    keyed,
    create: emptyState,
    accept: (state: WindowState, timestamp, item, timers) => {
      const isTaken = logic.accept(state, timestamp, item, timers);
      if (isTaken) refuseLarge(state);
      return isTaken;
    },
    onTimer: (state: WindowState, timer, timers) => logic.onTimer(state, timer, timers),
    giveUp: (state: WindowState, timer, timers) => logic.giveUp(state, timer, timers),
  };
};

/** Parts of a window are put together where it slides, and where sessions become one. */
const checkCombines = ({ shape }: WindowDefinition, { combine }: { readonly combine?: unknown }): void => {
  if (typeof combine === 'function' || (shape.kind === 'sliding' && shape.slide === shape.size)) return;
  throw new MillraceError('INVALID_OPTIONS', `aggregate: ${shape.kind} windows need an aggregate that combines`, {
    advice: 'Give the aggregate andCombine, or take tumbling windows.',
  });
};
