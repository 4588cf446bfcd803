import type { ServerAddress, TlsSettings, WebSocketSettings } from '../options/mqtt-connection-options.js';
import type { HostLookup } from './reach-host.js';

/** What a transport needs to be opened. */
export interface TransportRequest {
  /** Of the server. */
  readonly address: ServerAddress;
  /** Only for `mqtts` and `wss`. */
  readonly tls: TlsSettings;
  /** Only for `ws` and `wss`. */
  readonly webSocket: WebSocketSettings;
  /** Bytes of the largest packet; bounds a WebSocket message. */
  readonly maximumPacketSize: number;
  /** Aborting it cuts the attempt; its reason, a MillraceError, is what opening rejects with. */
  readonly signal: AbortSignal;
  /** When the signal aborts, counted from now. The addresses of a name share it. */
  readonly connectTimeoutMs: number;
  /** How its host is found. */
  readonly lookup: HostLookup;
}
