import type { KillRig } from './kill-rig.js';
import { type BridgeSystem, millracePipeline } from './kill-system.js';

/** Longer than the timeouts of `quickTimeouts` together. */
export const FROZEN_MS = 4_500;

/**
 * A broker that stands still is given up soon, and connected to again and again. Not sooner: on a machine with several times as much to do
 * as it has cores, one that does not stand still answers after half a second.
 */
const quickTimeouts = { keepalive: 1, pingTimeout: 1000, connackTimeout: 800, ackTimeout: 1500 };
const quickReconnects = { reconnectPeriod: 10, maxReconnectPeriod: 40 };

/** An exactly-once bridge that reconnects at once, so that its broker has to go on with an old session many times in a moment (R2b). */
export const reconnectingBridge = (version: 4 | 5): BridgeSystem =>
  millracePipeline(`millrace exactly-once, QoS 2, MQTT ${version === 5 ? '5.0' : '3.1.1'}`, {
    kind: 'plain',
    connect: { ...quickTimeouts, ...quickReconnects, protocolVersion: version },
  });

/**
 * Resolves when the source's broker has shown how it counts (R2b): it answered a PINGREQ that was written behind a PUBCOMP. Before, the
 * copy of one message cannot be told. Needs proxies.
 */
export async function untilFenced({ proxies }: KillRig): Promise<void> {
  if (proxies === undefined) throw new Error('the run has no proxies');
  const { from } = proxies;
  await from.untilSeen('client', 'pubcomp');
  // one more answer than there were questions when a PUBCOMP was out
  const questions = from.count('client', 'pingreq');
  await from.untilSeen('server', 'pingresp', questions + 1);
  // the bridge has heard it: it has one question at a time
  await from.untilSeen('client', 'pingreq', questions + 2);
}
