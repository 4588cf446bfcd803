import type { AckPacket } from '../../packet.js';
import type { OutboundStage } from '../session-state.js';
import type { TransitionTable } from '../transition-table.js';

/** An {@link OutboundStage} that knows more: `resent` is `sent` more than once in this epoch, `done` has left the window. */
export type OutboundStanding = OutboundStage | 'resent' | 'done';

/** PUBLISH went out, and no PUBREC or PUBACK came. */
export const isSent = (position: OutboundStanding): boolean => position === 'sent' || position === 'resent';

/** PUBREC came. */
export const isReleasing = (position: OutboundStanding): boolean => position === 'received' || position === 'released';

/** `send`: its turn on a connection. `release`: the owner's command. The rest: what the server answered. */
export type OutboundSignal =
  | 'send'
  | 'release'
  | 'puback'
  | 'puback-refused'
  | 'pubrec'
  | 'pubrec-in-use'
  | 'pubrec-refused'
  | 'pubcomp';

/** What a transition writes (`publish`, `publish-dup`, `pubrel`) or reports (`received`, `delivered`, `downgraded`, `refused`). */
export type OutboundAction =
  | 'publish'
  | 'publish-dup'
  | 'pubrel'
  | 'received'
  | 'delivered'
  | 'downgraded'
  | 'refused'
  | 'none';

/** The table of one QoS. */
export type OutboundFlow = TransitionTable<OutboundStanding, OutboundSignal, OutboundAction>;

/** From here on a reason code says that the packet had no effect [MQTT-4.4.0-2]. */
const REFUSAL = 0x80;
const PACKET_IDENTIFIER_IN_USE = 0x91;

/** What an acknowledgement says to the flow of the message it answers. */
export function outboundSignal({ type, reasonCode }: AckPacket): OutboundSignal {
  if (type === 'pubrec') {
    if (reasonCode < REFUSAL) return 'pubrec';
    return reasonCode === PACKET_IDENTIFIER_IN_USE ? 'pubrec-in-use' : 'pubrec-refused';
  }
  if (type === 'puback') return reasonCode < REFUSAL ? 'puback' : 'puback-refused';
  return 'pubcomp';
}
