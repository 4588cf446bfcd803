import type { ProtocolVersion } from '../../protocol-version.js';
import type { Sender } from '../../reason-code.js';
import type { ByteWriter } from './byte-writer.js';

/** What the encoding of one packet's body depends on. */
export interface EncodeContext {
  readonly writer: ByteWriter;
  /** The end that writes; undefined allows what either end may send. */
  readonly from: Sender | undefined;
  version: ProtocolVersion;
}
