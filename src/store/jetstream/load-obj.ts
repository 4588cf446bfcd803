import type * as Obj from '@nats-io/obj';
import { loadPackage } from '../../internal/load-package.js';
import { NATS_PACKAGES } from '../../nats/index.js';

/** Whoever runs on one machine has not to install it. @throws MillraceError UNSUPPORTED without it */
export const loadObj = (): Promise<Pick<typeof Obj, 'Objm'>> =>
  loadPackage('@nats-io/obj', 'a cluster', () => import('@nats-io/obj'), NATS_PACKAGES);
