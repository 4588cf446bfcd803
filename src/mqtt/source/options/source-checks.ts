import { onErrorCheck, schemaCheck } from '../../../connector/option-checks.js';
import { checkOptions, type OptionChecks, options } from '../../../internal/options/check-options.js';
import {
  count,
  eitherShown,
  flag,
  func,
  listOf,
  type OptionCheck,
  oneOf,
  someText,
  text,
} from '../../../internal/options/option-checks.js';
import { CONNECT_NAMES, CREDENTIALS } from '../../connection/options/connect-checks.js';
import type { DeduplicateBy } from '../items/deduplicate-by.js';
import type { SourceSettings } from './mqtt-source-options.js';
import type { Subscription } from './subscription.js';

const SUBSCRIPTION: OptionChecks<Subscription> = {
  filter: text,
  qos: oneOf(0, 1, 2),
  noLocal: flag,
  retainAsPublished: oneOf(true, false, 'if-supported'),
  retainHandling: oneOf(0, 1, 2),
};

/** A filter alone is what is mostly given instead. */
const subscription: OptionCheck = (value, name) =>
  typeof value === 'object' && !Array.isArray(value)
    ? options(SUBSCRIPTION)(value, name)
    : [`${name} must be a Subscription: Subscription.of(filter, qos)`];

const DEDUPLICATE_BY: OptionChecks<DeduplicateBy<unknown>> = { keyFn: func, ttlMs: count, maxEntries: count };

const SOURCE: OptionChecks<SourceSettings<unknown>> = {
  broker: text,
  clientId: text,
  auth: options(CREDENTIALS),
  topic: text,
  qualityOfService: oneOf(0, 1, 2),
  subscriptions: listOf(subscription),
  unsubscribe: listOf(someText),
  autoReconnect: flag,
  keepSession: flag,
  connectOptionsFn: func,
  mapToItemFn: func,
  schema: schemaCheck,
  deduplicateBy: options(DEDUPLICATE_BY),
  onError: onErrorCheck,
  qos0Overflow: oneOf('drop-oldest', 'drop-newest', 'pause'),
  onSessionLoss: oneOf('fail', 'redeliver', 'drop'),
  onUnknownSession: oneOf('fail', 'adopt', 'discard'),
  spread: eitherShown(
    "'shared', 'first' or a function of the partition's index and their number",
    oneOf('shared', 'first'),
    func,
  ),
  onLowerQos: oneOf('accept', 'reject', 'fail'),
  maxBufferedMessages: count,
  maxBufferedBytes: count,
};

/** What the steps of a builder, or a caller from JavaScript, have said. */
export const checkSourceOptions = <T>(given: SourceSettings<T>) =>
  checkOptions<SourceSettings<T>>('the source', given, SOURCE, CONNECT_NAMES);
