import type { DeadLetter } from '../../../connector/dead-letter.js';
import { defineSink } from '../../../connector/define-sink.js';
import type { Sink } from '../../../connector/sink.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import { borrowsPlace, type ConnectionPlace } from '../../connection/options/lent-place.js';
import { sharedConnectOptions } from '../../connection/options/shared-connect-options.js';
import { mqttSink } from '../mqtt-sink.js';
import { type ResolvedSink, resolveSink } from '../options/resolve-sink.js';
import { deadLetterMessage } from './dead-letter-message.js';
import type { DeadLetterTopicOptions } from './dead-letter-topic-options.js';
import { isReadAgain } from './letter-read-again.js';

/** See {@link DeadLetters}. One that names no broker goes to that of the source or sink whose letters it gets. */
export const topicLetters = (options: DeadLetterTopicOptions): Sink<DeadLetter> => {
  const sink = lettersAt(options);
  if (options.broker !== undefined || namesServers(options)) return sink;
  const placeless = (): MillraceError => belongsNowhere(sink.name);
  const borrower = defineSink<DeadLetter>({
    name: sink.name,
    claims: [],
    onError: sink.onError,
    refuse: placeless,
    createWriter: () => Promise.reject(placeless()),
  });
  return borrowsPlace(borrower, (place) => lettersAt(placed(options, place)));
};

const lettersAt = (options: DeadLetterTopicOptions): Sink<DeadLetter> => {
  const sink: ResolvedSink<DeadLetter> = resolveSink(options, (letter, version) => {
    const { topic } = options;
    if (isReadAgain(letter, topic)) {
      publishDiagnostic('letters-read-again', { sink: sink.name, topic, origin: letter.origin });
    }
    return deadLetterMessage(letter, version);
  });
  return mqttSink(sink);
};

const namesServers = ({ connectOptionsFn }: DeadLetterTopicOptions): boolean => {
  try {
    return connectOptionsFn?.().servers !== undefined;
  } catch {
    // at build() that was a problem; at a connect it is tried again
    return false;
  }
};

/** Who says who it is itself takes nothing of that from the place, also not from its URL. */
const placed = (options: DeadLetterTopicOptions, place: ConnectionPlace): DeadLetterTopicOptions => {
  const clientId = options.clientId ?? (place.clientId === undefined ? undefined : `${place.clientId}-letters`);
  if (options.auth !== undefined || options.connectOptionsFn !== undefined) {
    return { ...options, clientId, broker: place.broker && withoutCredentials(place.broker) };
  }
  const { broker, auth, connectOptionsFn: ask } = place;
  const { username, password } = auth ?? {};
  return {
    ...options,
    clientId,
    broker,
    auth: username === undefined || password === undefined ? undefined : { username, password },
    connectOptionsFn: ask && ((): ConnectOptions => sharedConnectOptions(ask())),
  };
};

const withoutCredentials = (broker: string): string => {
  if (!URL.canParse(broker)) return broker;
  const url = new URL(broker);
  url.username = '';
  url.password = '';
  return url.href;
};

const belongsNowhere = (name: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `the dead letters "${name}" name no broker`, {
    advice:
      'Give DeadLetters.topic a broker. Only those of an MQTT source or sink have one already: that of the source or sink.',
  });
