import { present } from '../../internal/present.js';
import type { Downstream } from '../../pipeline/compile/pipeline-plan.js';
import type { Rejection } from '../tick/lanes/rejection.js';
import type { JobPorts } from './job-ports.js';

/**
 * What back-pressure must look at behind a source or stage: besides the sinks of the pipeline those that rejected inputs and
 * items go to, and those behind them. Otherwise letters would pile up in front of a dead-letter sink that takes none.
 */
export const withDeadLetterSinks = (
  { sinks, asyncStages }: Downstream,
  ports: JobPorts,
  rejections: readonly Rejection[],
): Downstream => {
  const reached = new Set(sinks);
  const add = (rejection: Rejection | undefined): void => {
    if (rejection?.kind === 'deadLetter') reached.add(rejection.sink);
  };
  for (const rejection of rejections) add(rejection);
  // a set is iterated over what is added meanwhile, too
  for (const sink of reached) add(present(ports.sinks[sink], 'a rejection names only sinks of the job').rejection);
  return { sinks: [...reached], asyncStages };
};
