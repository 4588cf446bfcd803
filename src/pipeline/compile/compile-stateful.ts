import { functionMistake } from '../../errors/function-mistake.js';
import { isThenable, promiseError, refusePromise } from '../../internal/refuse-promise.js';
import type { StageState, StateKey } from '../stage-state.js';
import type { StatefulOperation, StatefulWork } from '../vertex.js';

/** One stage with state, for one item. */
export type KeyedStep = (key: StateKey, item: unknown) => void;

type Next = (item: unknown) => void;
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

const mapStep = (operation: Kind<'mapStateful'>, state: StageState, next: Next, save: Save): KeyedStep => {
  const create = (): object => newState(() => operation.create());
  return (key, item) => {
    const value = state.get(key) ?? create();
    const output = operation.apply(value, key, item);
    if (output === undefined || output === null) return save(key, value);
    refusePromise(output);
    refuseState(output, value);
    save(key, value);
    next(output);
  };
};

const filterStep = (operation: Kind<'filterStateful'>, state: StageState, next: Next, save: Save): KeyedStep => {
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

const rollingStep = (operation: Kind<'rollingAggregate'>, state: StageState, next: Next, save: Save): KeyedStep => {
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

type Save = (key: StateKey, value: unknown) => void;

/**
 * The step of a stage with state. The state is marked as changed after each call, since functions change it in place, and before the
 * item goes on. It undoes nothing when a function throws: who runs the fragment does, or discards what was not committed.
 */
export const compileStateful = (work: StatefulWork, state: StageState, next: Next): KeyedStep => {
  const save: Save = (key, value) => {
    const forgets = work.forgetWhen(value);
    if (isThenable(forgets)) throw promiseError(forgets, 'forgetWhen');
    if (forgets) state.remove(key);
    else state.set(key, value);
  };
  switch (work.operation.kind) {
    case 'mapStateful':
      return mapStep(work.operation, state, next, save);
    case 'filterStateful':
      return filterStep(work.operation, state, next, save);
    case 'rollingAggregate':
      return rollingStep(work.operation, state, next, save);
  }
};
