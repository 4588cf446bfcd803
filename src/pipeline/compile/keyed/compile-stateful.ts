import { functionMistake } from '../../../errors/function-mistake.js';
import { isThenable, promiseError, refusePromise } from '../../../internal/refuse-promise.js';
import type { StateKey } from '../../stage-state.js';
import type { StatefulOperation, StatefulWork } from '../../vertex.js';
import { iteratorOf } from '../steps/iterator-of.js';
import { windowSteps } from './compile-window.js';
import type { KeyedParts, KeyedStep, KeyedSteps, Save } from './keyed-parts.js';

type Kind<K> = Extract<StatefulOperation, { readonly kind: K }>;
const newState = (create: () => unknown): object => {
  const state = create();
  if (typeof state === 'object' && state !== null) {
    refusePromise(state, 'createFn');
    return state;
  }
  throw functionMistake(
    'createFn returned no object',
    'The state is changed in place, so it must be an object, an array or a map.',
  );
};

/** Later items of the batch change the state before this one has left it, and what would leave is the last state many times. */
const refuseState = (output: unknown, state: unknown): void => {
  if (output !== state || typeof state !== 'object' || state === null) return;
  throw functionMistake(
    'it returned its state itself',
    'Return a copy, as { ...state }: later items change the state.',
  );
};

/** One that was set by an earlier form of the stage is not dropped in silence. */
const noTimers = (): never => {
  throw functionMistake('a timer is due, and the stage has no onTimer any more', 'Give it one, which may do nothing.');
};

const mapSteps = (operation: Kind<'mapStateful'>, { state, calls, next }: KeyedParts, save: Save): KeyedSteps => {
  const create = (): object => newState(() => operation.create());
  const take = (key: StateKey, value: unknown, output: unknown): void => {
    const isNothing = output === undefined || output === null;
    if (!isNothing) {
      refusePromise(output);
      refuseState(output, value);
    }
    save(key, value);
    if (!isNothing) next(output);
  };
  return {
    onItem: (key, item) => {
      const value = state.get(key) ?? create();
      take(key, value, operation.apply(value, key, item, calls));
    },
    onTimer: (key, timer) => {
      const value = state.get(key) ?? create();
      take(key, value, operation.onTimer === undefined ? noTimers() : operation.onTimer(value, key, timer, calls));
    },
  };
};

/** All that a call gives, before anything of it goes on: what gives it may change the state to its end. */
const collected = (many: Iterable<unknown>, state: unknown): readonly unknown[] => {
  const items: unknown[] = [];
  const iterator = iteratorOf(many);
  for (let one = iterator.next(); one.done !== true; one = iterator.next()) {
    if (isThenable(one.value)) throw promiseError(one.value, 'what it gave');
    refuseState(one.value, state);
    items.push(one.value);
  }
  return items;
};

const flatMapSteps = (operation: Kind<'flatMapStateful'>, parts: KeyedParts, save: Save): KeyedSteps => {
  const { state, calls, emit } = parts;
  const create = (): object => newState(() => operation.create());
  const take = (key: StateKey, value: unknown, many: Iterable<unknown>): void => {
    const items = collected(many, value);
    save(key, value);
    if (items.length > 0) emit(items);
  };
  return {
    onItem: (key, item) => {
      const value = state.get(key) ?? create();
      take(key, value, operation.apply(value, key, item, calls));
    },
    onTimer: (key, timer) => {
      const value = state.get(key) ?? create();
      take(key, value, operation.onTimer === undefined ? noTimers() : operation.onTimer(value, key, timer, calls));
    },
  };
};

const filterStep = (operation: Kind<'filterStateful'>, { state, next }: KeyedParts, save: Save): KeyedStep => {
  const create = (): object => newState(() => operation.create());
  return (key, item) => {
    const value = state.get(key) ?? create();
    const kept = operation.apply(value, key, item);
    refusePromise(kept);
    save(key, value);
    if (kept) next(item);
  };
};

const accumulated = (value: unknown): unknown => {
  refusePromise(value);
  if (value !== undefined) return value;
  throw functionMistake('the accumulator is undefined', 'create and accumulate must return the accumulator.');
};

const rollingStep = (operation: Kind<'rollingAggregate'>, { state, next }: KeyedParts, save: Save): KeyedStep => {
  return (key, item) => {
    const before = state.get(key);
    const value = accumulated(
      operation.accumulate(before === undefined ? accumulated(operation.create()) : before, item),
    );
    const output = operation.export(value);
    refusePromise(output);
    refuseState(output, value);
    save(key, value);
    next({ key, value: output });
  };
};

/** Whether the state of a key is to be forgotten after a call. */
export const forgets = (work: StatefulWork, value: unknown): boolean => {
  const answer = work.forgetWhen(value);
  if (isThenable(answer)) throw promiseError(answer, 'forgetWhen');
  return answer;
};

/**
 * The steps of a stage with state. The state is marked as changed after each call (`save`), since functions change it in place, and before the
 * item goes on. It undoes nothing when a function throws: who runs the fragment does, or discards what was not committed.
 */
export const compileStateful = ({ operation, timed }: StatefulWork, parts: KeyedParts, save: Save): KeyedSteps => {
  switch (operation.kind) {
    case 'mapStateful':
      return mapSteps(operation, parts, save);
    case 'flatMapStateful':
      return flatMapSteps(operation, parts, save);
    case 'window':
      return windowSteps({ operation, clock: timed?.clock }, parts, save);
    case 'filterStateful':
      return { onItem: filterStep(operation, parts, save), onTimer: noTimers };
    case 'rollingAggregate':
      return { onItem: rollingStep(operation, parts, save), onTimer: noTimers };
  }
};
