import { MillraceError } from '../errors/millrace-error.js';
import type { OpenSink } from './open-sink.js';
import type { OpenOptions } from './open-source.js';
import { openRejectedHandler } from './rejected-handler.js';
import type { SinkDefinition } from './sink.js';
import { SinkPump } from './sink-pump.js';
import { standaloneContext, whenAborted } from './standalone-context.js';

/** Whether the stream ended by itself: then there is nothing left to drain. */
interface EndState {
  ended: boolean;
}

const createStream = <T>(pump: SinkPump<T>, state: EndState): WritableStream<T> => {
  const end = async (): Promise<void> => {
    state.ended = true;
    await pump.close();
  };
  return new WritableStream<T>({
    start: (controller) => pump.onFailure((error) => controller.error(error)),
    write: async (item) => {
      await pump.write([item]);
    },
    close: async () => {
      try {
        await pump.whenDelivered();
      } finally {
        await end();
      }
    },
    abort: end,
  });
};

/** A locked stream belongs to its writer, so the drain goes past it. */
const dispose = async <T>(stream: WritableStream<T>, pump: SinkPump<T>, state: EndState): Promise<void> => {
  if (state.ended) return;
  try {
    if (stream.locked) await pump.whenDelivered();
    else await stream.close();
  } finally {
    state.ended = true;
    await pump.close();
  }
};

/** Opens a sink as a WritableStream. Aborting the signal closes it and errors the stream with ABORTED. */
export const openSink = async <T>(definition: SinkDefinition<T>, options: OpenOptions): Promise<OpenSink<T>> => {
  const { signal } = options;
  signal?.throwIfAborted();
  // The most that it can give: a sink at QoS 0 gives none.
  const guarantee = definition.refuse('at-least-once') === undefined ? 'at-least-once' : 'none';
  const context = standaloneContext(guarantee, options);
  const rejected = await openRejectedHandler(definition.onError, context, definition.name);
  const writer = await definition.createWriter(context).catch(async (error: unknown) => {
    await rejected.close();
    throw error;
  });
  const pump = new SinkPump(writer, rejected);
  const state: EndState = { ended: false };
  const stream = createStream(pump, state);
  pump.onClose = whenAborted(signal, () =>
    pump.fail(new MillraceError('ABORTED', `sink "${definition.name}" was aborted`, { cause: signal?.reason })),
  );
  return Object.assign(stream, { [Symbol.asyncDispose]: () => dispose(stream, pump, state) });
};
