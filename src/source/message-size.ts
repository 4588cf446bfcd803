import type { Properties } from '../protocol/properties.js';
import type { MessageEvent } from '../protocol/session/session-event.js';

/** What a message costs in the byte bound: topic, payload and properties, which can be as large as a payload. */
export const messageSize = (event: MessageEvent): number =>
  event.topic.length +
  event.payload.byteLength +
  (event.properties === undefined ? 0 : propertiesSize(event.properties));

const propertiesSize = (properties: Properties): number => {
  let size = 0;
  size += properties.contentType?.length ?? 0;
  size += properties.responseTopic?.length ?? 0;
  size += properties.correlationData?.byteLength ?? 0;
  for (const [name, value] of properties.userProperties ?? []) size += name.length + value.length;
  return size;
};
