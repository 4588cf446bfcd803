import { createHash } from 'node:crypto';

/**
 * The filter of the subscription that holds the session of a client which only publishes (R5e): some brokers keep a session for its
 * subscriptions only. The same in each process, and nothing is ever published to it. A client id may have characters that no filter may.
 */
export const holdFilter = (clientId: string): string =>
  `millrace/session/${createHash('sha256').update(clientId).digest('hex').slice(0, 16)}/hold`;
