import { inFlags } from '../bridge/in-flags.js';

/** A message or an advice of the library, in the words of who typed a command with one broker. */
export const inClientFlags = (text: string): string =>
  inFlags(
    text
      .replace(/^the MQTT (source|sink) cannot be (built|opened): /, '')
      .replace(/^MQTT sink "[^"]*": /, '')
      .replace(/ Give the sink a retryStrategy to publish the message again later\./, ''),
  );
