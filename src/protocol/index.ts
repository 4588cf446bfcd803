export type * from './packet.js';
export type { Properties, UserProperty } from './properties.js';
export type { ProtocolVersion } from './protocol-version.js';
export { QualityOfService } from './quality-of-service.js';
export type { OutboundMessage } from './session/outbound-message.js';
export { Session } from './session/session.js';
export type * from './session/session-event.js';
export type { ConnectRequest, SessionOptions } from './session/session-options.js';
export type * from './session/session-state.js';
