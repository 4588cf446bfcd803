import { MillraceError } from '../../errors/index.js';
import { DeadlineTimer } from '../../internal/waiting/deadline-timer.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { openAppendFile } from '../../mqtt/sink/dead-letters/append-file.js';
import { DeadLetters } from '../../mqtt/sink/dead-letters/dead-letters.js';
import { openInTime } from '../client/client-run.js';
import { listenForEnd } from '../client/ending.js';
import { tellMalformed } from '../client/tell-malformed.js';
import { EXIT_CODE } from '../exit-code.js';
import { ConnectionObserver } from '../job/connection-observer.js';
import type { Reporter } from '../job/reporter.js';
import type { SaveFlags } from './dead-letters-flags.js';
import { letterLineOf } from './letter-line-of.js';
import { topicSource } from './topic-source.js';

/**
 * Takes the letters of a topic into a file, where they can be chosen among: each is acknowledged when its line is on the disk, so one may stand
 * there twice after an interruption, and none is lost; what is malformed stands there, too, as it came. Ends when none comes any more. Gives the exit code.
 */
export async function saveLetters(flags: SaveFlags, reporter: Reporter): Promise<number> {
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  using ending = listenForEnd(undefined);
  let saved = 0;
  try {
    using _malformed = tellMalformed((event) => reporter.tell(event), `goes to ${flags.file} as it came`);
    const source = topicSource(flags, { deadLetter: DeadLetters.file(flags.file) });
    const file = await openAppendFile(flags.file);
    try {
      const open = (signal: AbortSignal) => source.open({ signal, warnings: false });
      await using opened = await openInTime(open, flags, watch, ending.signal);
      const over = new DeadlineTimer(() => void opened.close());
      const wait = (): void => over.set(performance.now() + flags.idleMs);
      whenAborted(ending.signal, () => void opened.close());
      wait();
      for await (const { item, ack } of opened) {
        over.set(Number.POSITIVE_INFINITY);
        await file.append(Buffer.from(letterLineOf(item, Date.now())));
        ack();
        saved += 1;
        if (saved === flags.stopAfter) break;
        wait();
      }
      over.stop();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (MillraceError.from(error).code !== 'ABORTED' || ending.why === undefined) {
      reporter.failed(error);
      return EXIT_CODE.FAILED;
    }
  }
  const text = `${saved} ${saved === 1 ? 'letter' : 'letters'} saved to ${flags.file}`;
  reporter.tell({ event: 'note', text, facts: { saved } });
  return EXIT_CODE.OK;
}
