import type { ProtocolVersion } from '../../protocol-version.js';
import type { Sender } from '../../reason-code.js';
import type { ByteWriter } from './byte-writer.js';

/** What the encoding of one packet's body depends on. */
export interface EncodeContext {
  /** Empty before each body. */
  readonly writer: ByteWriter;
  /** The end that writes; undefined allows what either end may send. */
  readonly from: Sender | undefined;
  /** Set before each body: a writer may be asked for another one each time. */
  version: ProtocolVersion;
}
