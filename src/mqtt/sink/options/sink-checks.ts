import { onErrorCheck, retryStrategyCheck } from '../../../connector/option-checks.js';
import { checkOptions, type OptionChecks, options } from '../../../internal/options/check-options.js';
import { count, either, flag, func, oneOf, text, wholeNumber } from '../../../internal/options/option-checks.js';
import { CONNECT_NAMES, CREDENTIALS } from '../../connection/options/connect-checks.js';
import type { MqttSinkOptions } from './mqtt-sink-options.js';

const MAX_PARALLELISM = 256;

const SINK: OptionChecks<MqttSinkOptions<never>> = {
  broker: text,
  clientId: either('a string, or a function of the index', text, func),
  auth: options(CREDENTIALS),
  topic: text,
  qualityOfService: oneOf(0, 1, 2),
  retain: flag,
  messageFn: func,
  autoReconnect: flag,
  allowLowerQos: flag,
  keepSession: flag,
  onSessionLoss: oneOf('fail', 'redeliver', 'drop'),
  onUnknownSession: oneOf('fail', 'discard'),
  retryStrategy: retryStrategyCheck,
  connectOptionsFn: func,
  parallelism: wholeNumber(1, MAX_PARALLELISM),
  onError: onErrorCheck,
  maxBufferedMessages: count,
  maxBufferedBytes: count,
  offlineOverflow: oneOf('drop-oldest', 'drop-newest', 'pause'),
};

/** What the steps of a builder, or a caller from JavaScript, have said. */
export const checkSinkOptions = <T>(given: MqttSinkOptions<T>) =>
  checkOptions<MqttSinkOptions<T>>('the sink', given, SINK, CONNECT_NAMES);
