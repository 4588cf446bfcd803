import type { DeadLetter } from '../../connector/dead-letter.js';
import { defineSink } from '../../connector/define-sink.js';
import type { Sink } from '../../connector/sink.js';
import type { SinkWriter } from '../../connector/sink-writer.js';
import { Engine } from '../../engine/index.js';
import { deferred } from '../../internal/deferred.js';
import { DeadlineTimer } from '../../internal/waiting/deadline-timer.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { Pipeline } from '../../pipeline/pipeline.js';
import { ConnectionObserver } from '../job/connection-observer.js';
import type { Output, Reporter } from '../job/reporter.js';
import { listenForStop } from '../job/signal-drain.js';
import { untilRunning } from '../job/until-running.js';
import type { PeekFlags } from './dead-letters-flags.js';
import { isMeant } from './letter-filter.js';
import { letterLine, letterText } from './letter-text.js';
import { readTopicLetter } from './topic-letter.js';
import { topicSource } from './topic-source.js';

/**
 * Tells the letters that a session has, and acknowledges none: they stay, and the broker gives as many as it lets be unacknowledged. Ends when none
 * comes any more, or at a signal.
 * @returns how many messages were no letters
 */
export async function peekLetters(flags: PeekFlags, output: Output, reporter: Reporter): Promise<number> {
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  using stop = listenForStop();
  await using engine = Engine.embedded({ warnings: false });
  const over = deferred<void>();
  const idle = new DeadlineTimer(() => over.resolve());
  const wait = (): void => idle.set(performance.now() + flags.idleMs);
  let number = 0;
  let foreign = 0;
  const tell = (message: ReceivedMessage): void => {
    wait();
    number += 1;
    const letter = readTopicLetter(message);
    if (letter === undefined) foreign += 1;
    else if (isMeant(letter, number, flags.filter))
      output.stdout(flags.show ? letterText(letter, { number }, flags.json) : letterLine(letter, number, flags.json));
  };
  const pipeline = Pipeline.create();
  // a malformed one is no letter, and stays like the others
  const deadLetter = shownOnly<DeadLetter>('malformed', () => {
    wait();
    number += 1;
    foreign += 1;
  });
  pipeline.readFrom(topicSource(flags, { deadLetter })).writeTo(shownOnly('shown', tell));
  const job = engine.newJob(pipeline, { name: 'dead-letters' });
  const ended = job.join();
  ended.catch(() => {});
  try {
    await untilRunning(job, flags.connectTimeoutMs, watch);
    wait();
    await Promise.race([over.promise, stop.requested, ended]);
    await job.cancel().catch(() => {});
  } finally {
    idle.stop();
  }
  return foreign;
}

/** Takes items and delivers none. */
const shownOnly = <T>(name: string, show: (item: T) => void): Sink<T> =>
  defineSink({
    name,
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: async (): Promise<SinkWriter<T>> => ({
      write: (items) => {
        for (const item of items) show(item);
        return items.length;
      },
      flush: () => {},
      progress: () => ({ delivered: 0, rejected: [] }),
      ready: () => new Promise(() => {}),
      close: async () => {},
    }),
  });
