import { MillraceError } from '../../../errors/millrace-error.js';

/**
 * Of the short form with one argument, which is the topic: the URL of a broker would be a topic, too, of the broker on this machine.
 * @throws MillraceError INVALID_OPTIONS
 */
export const refuseBrokerAlone = (only: unknown): void => {
  if (typeof only !== 'string' || !/^(mqtts?|tcp|ssl|tls|wss?):\/\//i.test(only)) return;
  throw new MillraceError('INVALID_OPTIONS', 'mqtt() was given a broker and no topic', {
    advice: "Give the topic behind it: mqtt('mqtt://localhost', 'sensors/#').",
  });
};
