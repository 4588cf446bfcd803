import { MillraceError } from '../../../errors/millrace-error.js';
import { closestName } from '../../../internal/options/closest-name.js';
import type { MessageProperties, SinkMessage } from './sink-message.js';

/** Of a message. The compiler misses one that is not here. */
const MESSAGE: { readonly [Name in keyof SinkMessage]-?: true } = {
  payload: true,
  qos: true,
  retain: true,
  topic: true,
  properties: true,
  timestampMs: true,
};

/** The same of its properties. */
const PROPERTIES: { readonly [Name in keyof MessageProperties]-?: true } = {
  payloadFormatIndicator: true,
  messageExpiryInterval: true,
  contentType: true,
  responseTopic: true,
  correlationData: true,
  userProperties: true,
};

const MESSAGE_NAMES = Object.keys(MESSAGE);
const PROPERTY_NAMES = Object.keys(PROPERTIES);

/** Asked for each name of each message: a switch takes a third of the time of a set. */
const isOfMessage = (given: string): boolean => {
  // what is none comes to the default, where the compiler sees whether a name is missing
  const name = given as keyof SinkMessage;
  switch (name) {
    case 'payload':
    case 'qos':
    case 'retain':
    case 'topic':
    case 'properties':
    case 'timestampMs':
      return true;
    default:
      name satisfies never;
      return false;
  }
};

const isOfProperties = (given: string): boolean => {
  const name = given as keyof MessageProperties;
  switch (name) {
    case 'payloadFormatIndicator':
    case 'messageExpiryInterval':
    case 'contentType':
    case 'responseTopic':
    case 'correlationData':
    case 'userProperties':
      return true;
    default:
      name satisfies never;
      return false;
  }
};

/** Names of an item that is spread into its message may be anybody's, and new ones each time. */
const MOST_REMEMBERED = 256;

/**
 * Looks for names that were likely meant to be others, in what `messageFn` returns: the compiler takes any there, and a message whose
 * misspelt topic nobody reads would go to the topic of the sink. A name that is near to none is left alone, as is one whose likely meaning
 * is there, too: an item, or a received message, may have been spread into the message.
 */
export const messageNames = (): ((message: SinkMessage) => void) => {
  const inMessage = remembered((name) =>
    isOfProperties(name) ? `properties.${name}` : closestName(name, MESSAGE_NAMES),
  );
  const inProperties = remembered((name) => closestName(name, PROPERTY_NAMES));
  return (message) => {
    const { properties } = message;
    for (const name in message) {
      if (isOfMessage(name)) continue;
      const meant = inMessage(name);
      if (meant !== undefined && !(meant in message) && !isIn(properties, name)) throw meantToBe(meant, name);
    }
    for (const name in properties) {
      if (isOfProperties(name)) continue;
      const meant = inProperties(name);
      if (meant !== undefined && !isIn(properties, meant)) throw meantToBe(`properties.${meant}`, `properties.${name}`);
    }
  };
};

const isIn = (properties: MessageProperties | undefined, name: string): boolean =>
  properties !== undefined && name in properties;

const remembered = (find: (name: string) => string | undefined): ((name: string) => string | undefined) => {
  const found = new Map<string, string | undefined>();
  return (name) => {
    if (!found.has(name) && found.size < MOST_REMEMBERED) found.set(name, find(name));
    return found.get(name);
  };
};

const meantToBe = (meant: string, name: string): MillraceError =>
  new MillraceError(
    'INVALID_MESSAGE',
    `messageFn gave ${name}, which a message does not have: did you mean ${meant}?`,
    {
      advice: `Name it ${meant}, or leave it out.`,
    },
  );
