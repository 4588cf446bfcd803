import type { createTraceState, SpanContext } from '@opentelemetry/api';

/** Of the W3C, as user properties of a message. */
export const TRACEPARENT = 'traceparent';
/** What goes with it. */
export const TRACESTATE = 'tracestate';

/** Version 00 has this length; what a later one has behind it is not looked at. */
const LENGTH_00 = 55;
const MOST_PARENT = 128;
/** What all must pass on, and so the most that we do. */
const MOST_STATE = 512;
const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/;
const ZEROS = /^0+$/;
const SAMPLED = 1;

/** Gives the values of a user property. */
export type PropertyOf = (name: string) => readonly string[];

/** Makes a trace state of text, without what is none in it. */
export type MakeTraceState = typeof createTraceState;

/**
 * The context that a message brings, or undefined where it has none, more than one, or one that is not right: nobody has to believe it.
 * A trace state that is too long is left out.
 */
export const contextOf = (property: PropertyOf, makeState: MakeTraceState): SpanContext | undefined => {
  const [parent, another] = property(TRACEPARENT);
  if (parent === undefined || another !== undefined || parent.length > MOST_PARENT) return undefined;
  const [, version = 'ff', traceId = '', spanId = '', flags = ''] = FORM.exec(parent) ?? [];
  if (version === 'ff' || (version === '00' && parent.length !== LENGTH_00)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & SAMPLED;
  const context = { traceId, spanId, traceFlags, isRemote: true };
  const state = property(TRACESTATE).join(',');
  return state === '' || state.length > MOST_STATE ? context : { ...context, traceState: makeState(state) };
};

/** A context as user properties. */
export const propertiesOf = ({ traceId, spanId, traceFlags, traceState }: SpanContext): readonly [string, string][] => {
  const flags = (traceFlags & SAMPLED).toString(16).padStart(2, '0');
  const state = traceState?.serialize() ?? '';
  const parent: [string, string] = [TRACEPARENT, `00-${traceId}-${spanId}-${flags}`];
  return state === '' || state.length > MOST_STATE ? [parent] : [parent, [TRACESTATE, state]];
};
