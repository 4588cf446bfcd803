import type * as Api from '@opentelemetry/api';
import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { anObject, flag } from '../../internal/options/option-checks.js';

/** What is used of the module `@opentelemetry/api`. */
export type OpenTelemetryApi = Pick<
  typeof Api,
  'trace' | 'ROOT_CONTEXT' | 'SpanKind' | 'SpanStatusCode' | 'createTraceState'
>;

/** What is traced, and how. */
export interface OpenTelemetryTracesOptions {
  /** The module: `import * as api from '@opentelemetry/api'`. Its tracer `millrace` makes the spans. */
  readonly api: OpenTelemetryApi;
  /**
   * The context that a message brings is the parent of our spans, and not a link. Whoever may publish then chooses the trace, and with most
   * samplers whether it is recorded: only where you believe them. Default false.
   */
  readonly continueTraces?: boolean | undefined;
  /** Outgoing messages that have no `traceparent` get one. Default true. */
  readonly inject?: boolean | undefined;
  /** Spans have the topic of their message, which others choose, as `messaging.destination.name`. Default false. */
  readonly topics?: boolean | undefined;
}

/** {@link OpenTelemetryTracesOptions} with every default applied. */
export type ResolvedTraces = {
  readonly [Name in keyof OpenTelemetryTracesOptions]-?: NonNullable<OpenTelemetryTracesOptions[Name]>;
};

const OPTIONS: OptionChecks<OpenTelemetryTracesOptions> = {
  api: anObject,
  continueTraces: flag,
  inject: flag,
  topics: flag,
};
const PARTS = ['trace', 'ROOT_CONTEXT', 'SpanKind', 'SpanStatusCode', 'createTraceState'];

/** @throws MillraceError INVALID_OPTIONS that names all that is wrong */
export const resolveTraces = (given: OpenTelemetryTracesOptions): ResolvedTraces => {
  const { options, problems } = checkOptions('openTelemetryTraces', given, OPTIONS);
  const { api, continueTraces = false, inject = true, topics = false } = options;
  const isApi = api !== undefined && PARTS.every((part) => part in api);
  const all = isApi ? problems : [...problems, 'api must be the module @opentelemetry/api'];
  if (all.length > 0) throw invalidOptions('openTelemetryTraces', all);
  return { api, continueTraces, inject, topics };
};
