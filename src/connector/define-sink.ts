import type { Sink, SinkDefinition } from './sink.js';
import type { OpenOptions } from './standalone/open-options.js';
import { openSink } from './standalone/standalone-sink.js';

/** Adds `open` to a sink's definition, so that it can be used without an engine as well. */
export const defineSink = <T>(definition: SinkDefinition<T>): Sink<T> =>
  Object.freeze({
    name: definition.name,
    claims: definition.claims,
    onError: definition.onError,
    refuse: (guarantee) => definition.refuse(guarantee),
    createWriter: (context) => definition.createWriter(context),
    ...(definition.createDurableWriter && { createDurableWriter: definition.createDurableWriter.bind(definition) }),
    open: (options: OpenOptions = {}) => openSink(definition, options),
  } satisfies Sink<T>);
