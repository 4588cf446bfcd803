import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { neededQos } from './needed-qos.js';
import type { ResolvedSource } from './options/resolve-source.js';

type Facts = Pick<ResolvedSource<unknown>, 'name' | 'keepSession' | 'subscriptions' | 'overlaps' | 'deduplicateBy'>;

/** At-least-once when the session is kept and something in it is redelivered, else none. */
export const defaultGuaranteeOf = (source: Facts): ProcessingGuarantee =>
  source.keepSession && isReliable(source) ? 'at-least-once' : 'none';

/** Why an MQTT source cannot give this guarantee, with the ways out; undefined when it can. */
export const refuseGuarantee = (source: Facts, guarantee: ProcessingGuarantee): MillraceError | undefined => {
  if (guarantee === 'none') {
    if (source.deduplicateBy === undefined) return undefined;
    return refusal(source, 'deduplicateBy does nothing with the guarantee none, which stores nothing', RAISE_GUARANTEE);
  }
  if (!source.keepSession) {
    return refusal(source, `${guarantee} needs a session that the broker keeps while we are away`, KEEP);
  }
  if (guarantee === 'exactly-once') return refuseExactlyOnce(source);
  if (!isReliable(source)) {
    return refusal(source, 'at-least-once needs QoS 1 or 2: the broker never sends a QoS 0 message again', RAISE);
  }
  return undefined;
};

/** Why the source cannot be opened in a job without a store; undefined when it can. */
export const refuseWithoutStore = (source: Facts, guarantee: ProcessingGuarantee): MillraceError | undefined => {
  if (guarantee === 'exactly-once') {
    return refusal(
      source,
      'exactly-once needs a job with a store',
      `${STORE}, or use processingGuarantee 'at-least-once'`,
    );
  }
  if (source.deduplicateBy === undefined) return undefined;
  return refusal(
    source,
    'deduplicateBy needs a job with a store, in which the keys are',
    `${STORE}, or leave deduplicateBy out`,
  );
};

const KEEP = "Add .clientId('…').keepSession(), or use processingGuarantee 'none'";
const RAISE = "Subscribe at QoS 1 or 2, or use processingGuarantee 'none'";
const RAISE_GUARANTEE = "Use processingGuarantee 'at-least-once' or 'exactly-once', or leave deduplicateBy out";
const STORE = 'Run the job in Engine.embedded({ dir })';

const refuseExactlyOnce = (source: Facts): MillraceError | undefined => {
  const needed = neededQos(source);
  const low = source.subscriptions.find(({ qos }) => qos < needed);
  if (low === undefined) return refuseCopies(source);
  const why =
    needed === 2
      ? 'exactly-once needs QoS 2 on every subscription: at QoS 1 a message that comes again cannot be told from a new one'
      : 'exactly-once with deduplicateBy needs QoS 1 or 2 on every subscription: the broker never sends a QoS 0 message again';
  const ways =
    needed === 2
      ? 'Subscribe at QoS 2, tell copies by an id in the message with deduplicateBy(fn) and QoS 1'
      : 'Subscribe at QoS 1 or 2';
  return refusal(
    source,
    `${why}. "${low.filter}" has QoS ${low.qos}`,
    `${ways}, or use processingGuarantee 'at-least-once'`,
  );
};

/**
 * [MQTT-3.3.4-2]: a broker may send a message once for each of our filters that it matches, as messages of their own. Which of them to
 * leave out cannot be known from their subscription identifiers: those of what a session has queued speak of the filters of an
 * earlier start, and a broker's queue may drop one copy and keep the other.
 */
const refuseCopies = ({ name, overlaps, deduplicateBy }: Facts): MillraceError | undefined => {
  const [pair] = overlaps;
  if (pair === undefined || deduplicateBy !== undefined) return undefined;
  const [one, other] = pair;
  return new MillraceError(
    'OVERLAPPING_FILTERS',
    `source "${name}": exactly-once needs filters that do not overlap: a message that both "${one}" and "${other}" match may come, and have its effect, twice`,
    {
      advice:
        "Read one filter that covers both, and leave out in the pipeline what is not wanted; or tell copies by an id in the message with deduplicateBy(fn); or use processingGuarantee 'at-least-once'",
      details: { source: name, filters: pair },
    },
  );
};

/** What reads nothing loses nothing. */
const isReliable = ({ subscriptions }: Facts): boolean =>
  subscriptions.length === 0 || subscriptions.some(({ qos }) => qos > 0);

const refusal = ({ name }: Facts, why: string, advice: string): MillraceError =>
  new MillraceError('GUARANTEE_UNSUPPORTED', `source "${name}": ${why}`, { advice, details: { source: name } });
