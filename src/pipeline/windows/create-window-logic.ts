import type { Accumulators } from './accumulators.js';
import { SessionWindows } from './session-windows.js';
import { SlidingWindows } from './sliding-windows.js';
import type { WindowDefinition } from './window-definition.js';
import type { WindowLogic } from './window-logic.js';

/** What a stage of these windows does. */
export const createWindowLogic = (
  { shape, earlyResultsPeriod: earlyPeriod }: WindowDefinition,
  accumulators: Accumulators,
): WindowLogic => {
  const common = { earlyPeriod, accumulators };
  return shape.kind === 'session'
    ? new SessionWindows({ timeout: shape.timeout, ...common })
    : new SlidingWindows({ size: shape.size, slide: shape.slide, ...common });
};
