import { MillraceError } from '../../errors/millrace-error.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { checkOwnClaims } from '../check-claims.js';
import { openWriter } from '../guards/guarded-writer.js';
import type { SinkDefinition } from '../sink.js';
import { checkOpenOptions, type OpenOptions } from './open-options.js';
import { openOrClose, openRejectedHandler } from './open-rejected-handler.js';
import type { OpenSink } from './open-sink.js';
import { SinkPump } from './sink-pump.js';
import { openedOr, standaloneContext, standaloneWarnings } from './standalone-context.js';

/** Node has the signal, its types do not. */
const abortSignalOf = (controller: WritableStreamDefaultController): AbortSignal | undefined =>
  'signal' in controller && controller.signal instanceof AbortSignal ? controller.signal : undefined;

/** A write resolves when the item is taken and not when it is delivered: else each would cost a round trip. */
const createStream = <T>(pump: SinkPump<T>): WritableStream<T> =>
  new WritableStream<T>({
    start: (controller) => {
      pump.onFailure((error) => controller.error(error));
      // `abort` below is called only after the write or close under way has ended, which may wait for a broker that is gone
      abortSignalOf(controller)?.addEventListener('abort', () => void pump.close(), { once: true });
    },
    write: async (item) => {
      await pump.write([item]);
    },
    close: async () => {
      try {
        await pump.whenDelivered();
      } finally {
        await pump.close();
      }
    },
    abort: () => pump.close(),
  });

/** A locked stream belongs to its writer, and one that has failed cannot be closed: the drain goes past them. */
const dispose = async <T>(stream: WritableStream<T>, pump: SinkPump<T>): Promise<void> => {
  if (pump.closed) return;
  try {
    if (stream.locked || pump.failed) await pump.whenDelivered();
    else await stream.close();
  } finally {
    await pump.close();
  }
};

/**
 * Opens a sink as a WritableStream. Closing and disposing wait for delivery as long as it takes; aborting the stream or the
 * signal ends that too. Aborting the signal closes the sink and errors the stream with ABORTED.
 */
export const openSink = async <T>(definition: SinkDefinition<T>, given: OpenOptions): Promise<OpenSink<T>> => {
  const options = checkOpenOptions(`sink "${definition.name}"`, given);
  const { signal } = options;
  signal?.throwIfAborted();
  checkOwnClaims(definition);
  // The most that it can give: a sink at QoS 0 gives none.
  const guarantee = definition.refuse('at-least-once') === undefined ? 'at-least-once' : 'none';
  const context = standaloneContext(guarantee, options);
  // rejected before the sink: what it rejects first has a place already
  const warnings = standaloneWarnings('sink', definition.name, options);
  const { writer, rejected } = await openedOr(warnings, async () => {
    const rejected = await openRejectedHandler(definition.onError, context, definition.name);
    const writer = await openOrClose(rejected, () =>
      openWriter(definition.name, () => definition.createWriter(context)),
    );
    return { writer, rejected };
  });
  const pump = new SinkPump(writer, rejected);
  const stream = createStream(pump);
  const forget = whenAborted(signal, () => {
    warnings?.[Symbol.dispose]();
    pump.fail(new MillraceError('ABORTED', `sink "${definition.name}" was aborted`, { cause: signal?.reason }));
  });
  pump.onClose = () => {
    forget();
    warnings?.[Symbol.dispose]();
  };
  return Object.assign(stream, { [Symbol.asyncDispose]: () => dispose(stream, pump) });
};
