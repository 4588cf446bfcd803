import { encodeText, itemPayload } from '../../../connector/item-payload.js';
import { functionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { shownValue } from '../../../internal/options/option-checks.js';
import { isThenable } from '../../../internal/refuse-promise.js';
import {
  isUserProperties,
  userPropertiesProblem,
  userPropertyPairs,
} from '../../connection/options/user-properties.js';
import type { Properties } from '../../protocol/properties.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import { expiryTime } from './message-expiry.js';
import { messageNames } from './message-names.js';
import type { RowContent } from './row.js';
import type { MessageProperties, SinkMessage } from './sink-message.js';

/**
 * Makes the content of a row of an item; `version` is that of the connection. Throws USER_FUNCTION_FAILED, INVALID_MESSAGE or
 * INVALID_TOPIC.
 */
export type Encode<T> = (item: T, version: ProtocolVersion) => RowContent;

/** What messages get that do not say it themselves. */
export interface MessageDefaults {
  /** undefined: a message that names none is rejected with INVALID_TOPIC. */
  readonly topic: string | undefined;
  /** Where the sink names none it is that of the guarantee: 2 for exactly-once, else 1. */
  readonly qos: QualityOfService;
  readonly retain: boolean;
}

/** Makes a message that depends on the version of the protocol. */
export type VersionedMessageFn<T> = (item: T, version: ProtocolVersion) => SinkMessage;

/** For a sink without `messageFn`. */
export const plainEncoder = (defaults: MessageDefaults): Encode<unknown> => {
  const { topic = '', qos, retain } = defaults;
  return (item) => ({ topic, payload: itemPayload(item), qos, retain, properties: undefined });
};

/** For a sink with `messageFn`. */
export const messageEncoder = <T>(messageFn: VersionedMessageFn<T>, defaults: MessageDefaults): Encode<T> => {
  const checkNames = messageNames();
  return (item, version) => {
    const message = callMessageFn(messageFn, item, version);
    const content = rowContent(message, defaults);
    checkNames(message);
    return content;
  };
};

const callMessageFn = <T>(messageFn: VersionedMessageFn<T>, item: T, version: ProtocolVersion): SinkMessage => {
  try {
    return messageFn(item, version);
  } catch (thrown) {
    throw new MillraceError('USER_FUNCTION_FAILED', `messageFn threw: ${MillraceError.from(thrown).message}`, {
      cause: thrown,
      advice: (thrown instanceof MillraceError ? thrown.advice : undefined) ?? THREW,
    });
  }
};

const THREW = 'Mend messageFn, or filter such items out before the sink, or give the sink an onError.';

/** The content of a row for a message, with the defaults where it says nothing. */
export const rowContent = (message: SinkMessage, defaults: MessageDefaults): RowContent => {
  const payload: unknown = message?.payload;
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) throw noPayload(message, payload);
  const topic = message.topic ?? defaults.topic;
  if (topic === undefined) throw noTopic();
  const qos = message.qos ?? defaults.qos;
  if (qos !== 0 && qos !== 1 && qos !== 2) {
    throw wrong(`the QoS ${shownValue(qos)}`, 'It must be 0, 1 or 2.');
  }
  const retain = message.retain ?? defaults.retain;
  if (typeof retain !== 'boolean') throw wrong(`the retain flag ${shownValue(retain)}`, 'It must be true or false.');
  return {
    topic,
    payload: typeof payload === 'string' ? encodeText(payload) : payload,
    qos,
    retain,
    properties: message.properties === undefined ? undefined : toProperties(message.properties),
    ...expiryOf(message),
  };
};

const expiryOf = ({ properties, timestampMs }: SinkMessage): Pick<RowContent, 'expiresAtMs'> => {
  const interval = properties?.messageExpiryInterval;
  if (!Number.isFinite(timestampMs ?? 0)) {
    throw wrong(`the timestampMs ${shownValue(timestampMs)}`, 'It must be a number of milliseconds since 1970.');
  }
  if (interval === undefined) return {};
  // else it would count as expired; what is too much, or has a fraction, is refused where it is written
  if (!(interval >= 0)) throw wrong(`the messageExpiryInterval ${shownValue(interval)}`, 'It must be seconds from 0.');
  return { expiresAtMs: expiryTime(interval, timestampMs ?? Date.now()) };
};

/** Of a message from JavaScript. */
const wrong = (what: string, advice: string): MillraceError =>
  new MillraceError('INVALID_MESSAGE', `messageFn gave ${what}`, { advice });

const noPayload = (message: unknown, payload: unknown): MillraceError => {
  const promise = [message, payload].find(isThenable);
  if (promise === undefined) {
    return new MillraceError('INVALID_MESSAGE', 'messageFn gave no message with a string or Uint8Array as payload', {
      advice: 'Return { payload } with a string or a Uint8Array; JSON.stringify what is neither.',
    });
  }
  // nobody waits for it, and a rejection would end the process
  if (promise instanceof Promise) promise.catch(() => {});
  return functionMistake(
    promise === message ? 'messageFn returned a promise' : 'messageFn gave a promise as payload',
    'messageFn must not be async, nor give a promise as payload: use mapAsync before the sink.',
  );
};

const noTopic = (): MillraceError =>
  new MillraceError('INVALID_TOPIC', 'neither the message nor the sink names a topic', {
    advice: 'Give the sink a topic, or return one from messageFn.',
  });

const toProperties = (given: MessageProperties): Properties | undefined => {
  if (typeof given !== 'object' || given === null) {
    throw wrong(`properties that are ${shownValue(given)}`, 'They are an object, or left out.');
  }
  const properties: Properties = {};
  if (given.payloadFormatIndicator !== undefined) {
    properties.payloadFormatIndicator = given.payloadFormatIndicator ? 1 : 0;
  }
  if (given.messageExpiryInterval !== undefined) properties.messageExpiryInterval = given.messageExpiryInterval;
  if (given.contentType !== undefined) properties.contentType = given.contentType;
  if (given.responseTopic !== undefined) properties.responseTopic = given.responseTopic;
  if (given.correlationData !== undefined) properties.correlationData = given.correlationData;
  if (given.userProperties !== undefined) {
    if (!isUserProperties(given.userProperties)) throw noTexts(given.userProperties);
    properties.userProperties = userPropertyPairs(given.userProperties);
  }
  return Object.keys(properties).length === 0 ? undefined : properties;
};

const noTexts = (given: unknown): MillraceError =>
  wrong(
    `properties that cannot be sent: ${userPropertiesProblem(given)}`,
    'User properties are texts: an object of them, or a list of pairs.',
  );
