import type { OpenSource } from '../../connector/standalone/open-source.js';
import { MillraceError } from '../../errors/index.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { matchesFilter } from '../../mqtt/protocol/topic.js';
import { MqttSources } from '../../mqtt/source/mqtt-sources.js';
import { Subscription } from '../../mqtt/source/options/subscription.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { tellExposedPassword } from '../bridge/exposed-password.js';
import { clientConnectOptions } from '../client/client-flags.js';
import { openInTime } from '../client/client-run.js';
import { type Ending, listenForEnd } from '../client/ending.js';
import { tellMalformed } from '../client/tell-malformed.js';
import { EXIT_CODE } from '../exit-code.js';
import { ConnectionObserver } from '../job/connection-observer.js';
import type { DataOutput, Reporter } from '../job/reporter.js';
import { messageLine } from './message-line.js';
import type { SubFlags } from './parse-sub-flags.js';

/** Prints what comes and gives the exit code: 1 where `--count` was not reached in time, or the connection failed for good. */
export async function runSub(flags: SubFlags, data: DataOutput, reporter: Reporter): Promise<number> {
  tellExposedPassword(flags.broker.passwordInUrl ? ['--url'] : [], reporter);
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  using _malformed = tellMalformed((event) => reporter.tell(event), 'is left out');
  using ending = listenForEnd(flags.timeoutMs);
  try {
    const source = subSource(flags);
    const open = (signal: AbortSignal) => source.open({ signal, warnings: false });
    await using opened = await openInTime(open, flags, watch, ending.signal);
    tellRunning(flags, watch, reporter);
    if (flags.untilSubscribed) return EXIT_CODE.OK;
    return verdict(await printAll(opened, flags, data, ending), flags, ending, reporter);
  } catch (error) {
    if (MillraceError.from(error).code === 'ABORTED' && ending.why !== undefined)
      return verdict(0, flags, ending, reporter);
    reporter.failed(error);
    return EXIT_CODE.FAILED;
  }
}

function subSource(flags: SubFlags) {
  const { filters, qos, clientId, keepSession, sessionExpiry, noLocal, retainAsPublished, retainHandling } = flags;
  // what 3.x has no word for is said only where it is asked for: else no older version would be tried
  const own = { ...(noLocal ? { noLocal } : {}), ...(retainAsPublished ? { retainAsPublished } : {}), retainHandling };
  const source = MqttSources.builder()
    .broker(flags.broker.url)
    .subscriptions(...filters.map((filter) => Subscription.of(filter, qos, own)))
    .keepSession(keepSession)
    // anybody may publish one (R22): it ends nothing
    .onError('skip')
    .connectOptionsFn(() => clientConnectOptions(flags, sessionExpiry))
    .mapToItemFn((_topic, message) => message);
  return (clientId === undefined ? source : source.clientId(clientId)).build();
}

function tellRunning({ broker, filters, qos }: SubFlags, { older }: ConnectionObserver, reporter: Reporter): void {
  const versions = older.length === 0 ? '' : ` (${older.join(', ')})`;
  const text = `RUNNING ${broker.url}, QoS ${qos}${versions}: ${filters.join(', ')}`;
  reporter.tell({ event: 'running', text, facts: {} });
}

/** How many lines were written until the end, or until nobody read them any more. */
async function printAll(
  source: OpenSource<ReceivedMessage>,
  flags: SubFlags,
  data: DataOutput,
  { signal }: Ending,
): Promise<number> {
  let written = 0;
  const ended = new Promise<false>((resolve) => whenAborted(signal, () => resolve(false)));
  whenAborted(signal, () => void source.close());
  for await (const { item, ack } of source) {
    if (!isWanted(item, flags)) {
      ack();
      continue;
    }
    const line = messageLine(item, flags.form, data.isTerminal, Date.now());
    // a reader that stands still holds back the broker, not the end
    if (!(await Promise.race([data.write(line), ended]))) return written;
    ack();
    written += 1;
    if (written === flags.count) return written;
  }
  return written;
}

function isWanted({ topic, retain }: ReceivedMessage, { wanted, excluded }: SubFlags): boolean {
  if (wanted !== 'all' && retain !== (wanted === 'retained')) return false;
  return !excluded.some((filter) => matchesFilter(filter, topic));
}

/** Who asked for a number of messages is told when they have not come. */
function verdict(written: number, { count, timeoutMs = 0 }: SubFlags, { why }: Ending, reporter: Reporter): number {
  if (why !== 'timeout' || count === undefined || written >= count) return EXIT_CODE.OK;
  reporter.failed(new MillraceError('TIMEOUT', `${written} of ${count} messages came within ${timeoutMs / 1000} s`));
  return EXIT_CODE.FAILED;
}
