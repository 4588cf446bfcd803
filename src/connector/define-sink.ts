import { checkSinkDefinition } from './check-definition.js';
import type { Sink, SinkDefinition } from './sink.js';
import type { OpenOptions } from './standalone/open-options.js';
import { openSink } from './standalone/standalone-sink.js';

/**
 * Adds `open` to a sink's definition, so that it can be used without an engine as well.
 *
 * ```ts
 * const lines = (path: string): Sink<string> =>
 *   defineSink<string>({
 *     name: 'lines',
 *     claims: [`file ${path}`],
 *     onError: 'fail',
 *     refuse: () => undefined,
 *     createWriter: ({ signal }) => LineWriter.open(path, signal),
 *   });
 * ```
 *
 * Nothing is opened by it. The claim keeps a second stage of the job from the same file; without `createDurableWriter` a job with a store
 * puts an outbox in front of it.
 *
 * @throws MillraceError INVALID_OPTIONS for what is no definition, which types would refuse
 */
export const defineSink = <T>(definition: SinkDefinition<T>): Sink<T> => {
  checkSinkDefinition(definition);
  return Object.freeze({
    name: definition.name,
    claims: definition.claims,
    claimScope: definition.claimScope,
    claimsOf: (partition) => definition.claimsOf?.(partition) ?? definition.claims,
    onError: definition.onError,
    letterFile: definition.letterFile,
    // called on the definition, which may be an object of a class
    refuse: (guarantee) => definition.refuse(guarantee),
    ...(definition.load && { load: definition.load.bind(definition) }),
    createWriter: (context) => definition.createWriter(context),
    // left out where there is none: the engine asks whether it is there
    ...(definition.createDurableWriter && { createDurableWriter: definition.createDurableWriter.bind(definition) }),
    open: (options: OpenOptions = {}) => openSink(definition, options),
  } satisfies Sink<T>);
};
