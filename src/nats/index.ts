/*
 * How NATS is reached: a connection that tells at once when an answer cannot come any more, and whose errors are ours. Read
 * `nats-client.ts` first, `nats-errors.ts` for what each failure means. The logs of `store/jetstream` and the claims of the cluster stand
 * on it; it imports no more than `errors` and `internal`, and loads the packages of NATS when a cluster is opened, not before. What users
 * see imports `nats-options.ts` itself: the types of this index lead to those packages.
 */
export { type ApiAnswer, JetStreamApi } from './jetstream-api.js';
export { NATS_PACKAGES } from './load-nats.js';
export { NATS_CHECKS } from './nats-checks.js';
export { NatsClient, type NatsRequest } from './nats-client.js';
export {
  API_CODES,
  type ApiError,
  type ApiErrorKind,
  apiError,
  apiErrorKind,
  natsError,
  unreachable,
} from './nats-errors.js';
export type { NatsAuth, NatsOptions, NatsTlsOptions } from './nats-options.js';
