import type { DueTimer } from '../../timers/stage-timers.js';
import type { Vertex } from '../../vertex.js';
import { callTimersOf, type StageSurroundings } from '../keyed/call-timers-of.js';
import { forKey } from '../keyed/compile-window.js';
import { statefulStage } from '../keyed/stateful-stages.js';

/** Lets go of what an input was that is given up. */
export type GiveUp = (input: unknown) => void;

/**
 * A window whose result is given up: its timer has fired and what it did is taken back, so the state would wait for it for ever, and with it
 * the windows behind it. Undefined for a stage without windows.
 */
export const giveUpWindow = (vertex: Vertex, around: StageSurroundings): GiveUp | undefined => {
  const { work } = vertex;
  if (work.kind !== 'stateful' || work.operation.kind !== 'window') return undefined;
  const { operation } = work;
  const stage = statefulStage(vertex.name, work);
  const state = around.keeper.stateOf(stage);
  const timers = around.keeper.timersOf(stage);
  const calls = callTimersOf(vertex, work, timers, around);
  return (input) => {
    // what the timers of the stage have given as due
    const { key, name, at } = input as DueTimer;
    const value = state.get(key);
    if (value === undefined) return;
    forKey(calls, key);
    operation.giveUp(value, { name, at }, calls);
    if (work.forgetWhen(value)) state.remove(key);
    else state.set(key, value);
  };
};
