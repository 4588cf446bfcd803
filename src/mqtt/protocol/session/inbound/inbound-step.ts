import { protocolError } from '../../codec/protocol-error.js';
import type { Transition } from '../transition-table.js';
import type { InboundAction, InboundFlow, InboundSignal, InboundStanding } from './inbound-flow.js';

/** Where a signal leads in a flow. Throws PROTOCOL_ERROR where it has no place, which is the fault of the server. */
export function inboundStep(
  flow: InboundFlow,
  position: InboundStanding,
  signal: InboundSignal,
  packetId: number,
): Transition<InboundStanding, InboundAction> {
  const transition = flow[position][signal];
  if (transition === undefined) throw signal === 'pubrel' ? unexpectedRelease(packetId) : idInUse(packetId);
  return transition;
}

/** A message has a packet id that another one has. */
export function idInUse(packetId: number) {
  return protocolError(`packet id ${packetId} is in use [MQTT-2.2.1-4]`);
}

function unexpectedRelease(packetId: number) {
  return protocolError(`PUBREL for packet id ${packetId} before its PUBREC [MQTT-4.3.3-4]`);
}
