import { diagnosticChannel, publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { UserProperty } from '../../protocol/properties.js';
import { userProperty } from '../../protocol/user-property.js';
import type { Encode } from './message-encoder.js';
import type { RowContent } from './row.js';

const MESSAGE = diagnosticChannel('message');

/**
 * Tells of each message that is made, before it is stored or sent, where it can have user properties: whoever listens may add some, which
 * are part of the message from then on. While nobody listens that is a look at the channel.
 */
export const toldEncoder =
  <T>(sink: string, encode: Encode<T>): Encode<T> =>
  (item, version) => {
    const content = encode(item, version);
    return version === 5 && MESSAGE.hasSubscribers ? told(sink, content) : content;
  };

const told = (sink: string, content: RowContent): RowContent => {
  const { topic, qos, properties } = content;
  const added: UserProperty[] = [];
  publishDiagnostic('message', {
    sink,
    topic,
    qos,
    property: (name) => userProperty(properties, name),
    addProperty: (name, value) => void added.push([name, value]),
  });
  if (added.length === 0) return content;
  return {
    ...content,
    properties: { ...properties, userProperties: [...(properties?.userProperties ?? []), ...added] },
  };
};
