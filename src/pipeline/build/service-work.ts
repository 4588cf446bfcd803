import type { OpenContext } from '../../connector/open-context.js';
import { retryStrategyCheck } from '../../connector/option-checks.js';
import { LASTING_RETRY } from '../../connector/retry/lasting-retry.js';
import type { OptionChecks } from '../../internal/options/check-options.js';
import { func } from '../../internal/options/option-checks.js';
import type { AsyncServiceOptions, ServiceOptions } from '../service-options.js';
import type { ServiceWork } from '../vertex.js';
import { MAP_ASYNC } from './async-work.js';
import { STAGE } from './check-stage-options.js';

export const SERVICE: OptionChecks<ServiceOptions> = {
  ...STAGE,
  createRetryStrategy: retryStrategyCheck,
  classifyErrorFn: func,
};

export const ASYNC_SERVICE: OptionChecks<AsyncServiceOptions> = { ...MAP_ASYNC, ...SERVICE };

/** How a service begins and ends. */
export interface ServiceFunctions<S> {
  /** Called once in each run, and again after a failure that may pass. */
  readonly createFn: (context: OpenContext) => S | PromiseLike<S>;
  /** Undefined: nothing is to be closed. */
  readonly destroyFn: ((service: S) => void | PromiseLike<void>) | undefined;
}

/** With the defaults. */
export const serviceWork = <S>({ createFn, destroyFn }: ServiceFunctions<S>, options: ServiceOptions): ServiceWork => {
  const { createRetryStrategy = LASTING_RETRY, classifyErrorFn } = options;
  const ends: Pick<ServiceWork, 'create' | 'destroy'> = { create: createFn, destroy: destroyFn ?? (() => {}) };
  return { ...ends, retry: { retryStrategy: createRetryStrategy, classifyErrorFn } };
};
