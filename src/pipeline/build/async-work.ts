import { retryStrategyCheck } from '../../connector/option-checks.js';
import { RetryStrategies } from '../../connector/retry/retry-strategies.js';
import type { OptionChecks } from '../../internal/options/check-options.js';
import { count, func, milliseconds } from '../../internal/options/option-checks.js';
import { StateCodecs } from '../codec/state-codecs.js';
import type { MapAsyncOptions } from '../map-async-options.js';
import type { VertexWork } from '../vertex.js';
import { STAGE, stateCodec } from './check-stage-options.js';

const DEFAULT_MAX_CONCURRENCY = 16;

export const MAP_ASYNC: OptionChecks<MapAsyncOptions> = {
  ...STAGE,
  maxConcurrency: count,
  codec: stateCodec,
  retryStrategy: retryStrategyCheck,
  classifyErrorFn: func,
  timeoutMs: milliseconds,
};

/** What a stage with calls does, but for the calls. */
type AsyncWork = Omit<Extract<VertexWork, { readonly kind: 'mapAsync' }>, 'call' | 'service'>;

/** With the defaults. */
export const asyncWork = <T>(options: MapAsyncOptions<T>): AsyncWork => {
  const { retryStrategy = RetryStrategies.never(), classifyErrorFn } = options;
  return {
    kind: 'mapAsync',
    maxConcurrency: options.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY,
    codec: options.codec ?? StateCodecs.structuredClone<T>(),
    retry: { retryStrategy, classifyErrorFn },
    timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
    onError: options.onError ?? 'fail',
  };
};
