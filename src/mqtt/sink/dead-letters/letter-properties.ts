import { userPropertyPairs } from '../../connection/options/user-properties.js';
import { ByteWriter } from '../../protocol/codec/encode/byte-writer.js';
import { writeProperties } from '../../protocol/codec/encode/property-writer.js';
import type { Properties } from '../../protocol/properties.js';

const PLACE = { carrier: 'publish', from: 'client' } as const;

/**
 * What a letter has of the properties of its message. A letter that is refused ends the job, and one that expires tells nobody: so
 * there is no Message Expiry Interval among them, no payload format, for which a broker may have refused the payload, and nothing that
 * cannot be sent, which may be why there is a letter.
 */
export const letterProperties = (given: Properties | undefined): Properties => {
  if (given === undefined) return {};
  const { contentType, responseTopic, correlationData, userProperties } = given;
  return {
    ...sendable(() => (contentType === undefined ? {} : { contentType })),
    ...sendable(() => (responseTopic === undefined ? {} : { responseTopic })),
    ...sendable(() => (correlationData === undefined ? {} : { correlationData })),
    // an item that only looks like a message may have them in any shape
    ...sendable(() => (userProperties === undefined ? {} : { userProperties: userPropertyPairs(userProperties) })),
  };
};

const sendable = (make: () => Properties): Properties => {
  try {
    const properties = make();
    writeProperties(new ByteWriter(), properties, PLACE);
    return properties;
  } catch {
    return {};
  }
};
