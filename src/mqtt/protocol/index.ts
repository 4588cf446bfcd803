/*
 * MQTT 3.1, 3.1.1 and 5.0, pure: `millrace/protocol`. Read `session/session.ts` first: its head has the order of calls. Below it are the
 * flows in both directions (`session/inbound/`, `session/outbound/`), what is remembered of finished messages (`session/finished/`, R2b)
 * and what shows whose a session is (`session/proof/`); `codec/packet-decoder.ts` and `codec/packet-writer.ts` stand between packets and
 * bytes. The connection drives it, sources and sinks take its events; it imports nothing that waits.
 */
export { encodePacket } from './codec/encode/encode-packet.js';
export { PacketDecoder, type PacketDecoderOptions } from './codec/packet-decoder.js';
export { PacketWriter } from './codec/packet-writer.js';
export type { Tolerance } from './codec/tolerance.js';
export type * from './packet.js';
export type { Properties, UserProperty } from './properties.js';
export type { ProtocolVersion } from './protocol-version.js';
export { QualityOfService } from './quality-of-service.js';
export { reasonName, returnCodeName, type Sender } from './reason-code.js';
export type { Rejection } from './rejection.js';
export type { CounterState, OverReconnect } from './session/finished/broker-counter.js';
export type { DigestPage } from './session/finished/message-digests.js';
export type { OutboundMessage } from './session/outbound-message.js';
export type { MarkerQuestion } from './session/proof/session-proof.js';
export { Session } from './session/session.js';
export type * from './session/session-event.js';
export type { AuthenticationStart, ConnectRequest, SessionOptions } from './session/session-options.js';
export type * from './session/session-state.js';
export { checkTopicFilter, checkTopicName, filtersOverlap, matchesFilter } from './topic.js';
