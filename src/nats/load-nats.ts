import type * as TransportNode from '@nats-io/transport-node';
import { loadPackage } from '../internal/load-package.js';

/** What is used of the package. */
export type NatsModule = Pick<
  typeof TransportNode,
  | 'connect'
  | 'createInbox'
  | 'credsAuthenticator'
  | 'headers'
  | 'nkeyAuthenticator'
  | 'tokenAuthenticator'
  | 'usernamePasswordAuthenticator'
>;

/** What a cluster needs, as it is installed. */
export const NATS_PACKAGES = '@nats-io/transport-node @nats-io/jetstream @nats-io/kv @nats-io/obj';

/** Whoever runs on one machine has not to install it. @throws MillraceError UNSUPPORTED without it */
export const loadNats = (): Promise<NatsModule> =>
  loadPackage('@nats-io/transport-node', 'a cluster', () => import('@nats-io/transport-node'), NATS_PACKAGES);
