import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors/index.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { MqttSinks } from '../../mqtt/sink/mqtt-sinks.js';
import { tellExposedPassword } from '../bridge/exposed-password.js';
import { clientConnectOptions } from '../client/client-flags.js';
import { openInTime } from '../client/client-run.js';
import { type Ending, listenForEnd } from '../client/ending.js';
import { EXIT_CODE } from '../exit-code.js';
import { ConnectionObserver } from '../job/connection-observer.js';
import type { Reporter } from '../job/reporter.js';
import type { PubFlags, PubInput } from './parse-pub-flags.js';
import { linePayloads, wholePayload } from './read-payloads.js';

/** Milliseconds for what was read, after a signal. When the time is up there is only that for a goodbye. */
const DRAIN_MS = 10_000;
const GOODBYE_MS = 1000;

/** Publishes and gives the exit code: 0 when the broker has confirmed all that was read. */
export async function runPub(flags: PubFlags, reporter: Reporter): Promise<number> {
  tellExposedPassword(flags.broker.passwordInUrl ? ['--url'] : [], reporter);
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  using ending = listenForEnd(flags.timeoutMs);
  try {
    const sink = pubSink(flags);
    const opened = await openInTime((signal) => sink.open({ signal, warnings: false }), flags, watch, ending.signal);
    await publishAll(opened.getWriter(), flags.input, ending);
    return EXIT_CODE.OK;
  } catch (error) {
    const { why } = ending;
    const ended = new MillraceError('ABORTED', `${why === 'timeout' ? 'the time is up' : why}: nothing was published`);
    reporter.failed(MillraceError.from(error).code === 'ABORTED' && why !== undefined ? ended : error);
    return EXIT_CODE.FAILED;
  }
}

function pubSink(flags: PubFlags) {
  const { broker, clientId, topic, qos, retain, properties } = flags;
  const sink = MqttSinks.builder()
    .broker(broker.url)
    .topic(topic)
    .qualityOfService(qos)
    .retain(retain)
    .connectOptionsFn(() => clientConnectOptions(flags))
    .messageFn((payload: Uint8Array) => ({ payload, properties }));
  return (clientId === undefined ? sink : sink.clientId(() => clientId)).build();
}

/** Rejects when the sink fails, or the broker has not confirmed all a while after the end. */
async function publishAll(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  input: PubInput,
  ending: Ending,
): Promise<void> {
  const reading = new AbortController();
  const forget = whenAborted(ending.signal, () => reading.abort());
  // a line that is waited for for ever must not hide that nothing can be published any more
  writer.closed.catch(() => reading.abort());
  const published = publish(writer, input, reading.signal);
  const late = new Promise<never>((_, reject) => {
    whenAborted(ending.signal, () => {
      const graceMs = ending.why === 'timeout' ? GOODBYE_MS : DRAIN_MS;
      const error = new MillraceError('TIMEOUT', 'the broker has not confirmed all that was published');
      void sleep(graceMs, undefined, { ref: false }).then(() => reject(error));
    });
  });
  late.catch(() => {});
  try {
    await Promise.race([published, late]);
  } finally {
    forget();
    published.catch(() => {});
    void writer.abort().catch(() => {});
  }
}

async function publish(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  input: PubInput,
  stopped: AbortSignal,
): Promise<void> {
  for await (const payload of payloadsOf(input, stopped)) await writer.write(payload);
  // a stream that has failed refuses to be closed with words of its own: what it failed with is the reason
  await writer.close().catch(() => writer.closed);
}

async function* payloadsOf(input: PubInput, stopped: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  if (input.from === 'here') {
    yield input.payload;
    return;
  }
  const chunks = stdinChunks(stopped);
  try {
    if (input.from === 'lines') yield* linePayloads(chunks);
    else yield await wholePayload(chunks);
  } catch (error) {
    // a line that has no end yet is none; half of a message is nothing
    if (error !== STOPPED) throw error;
    if (input.from === 'stdin') throw new MillraceError('ABORTED', 'stopped while stdin was read');
  }
}

const STOPPED = Symbol('stopped');

/** Throws STOPPED where it was told to stop before the end. */
async function* stdinChunks(stopped: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const { stdin } = process;
  const forget = whenAborted(stopped, () => stdin.destroy());
  try {
    for await (const chunk of stdin) yield chunk;
  } catch (error) {
    throw stopped.aborted ? STOPPED : error;
  } finally {
    forget();
  }
  if (stopped.aborted) throw STOPPED;
}
