import type { ProtocolVersion } from '../../protocol-version.js';
import type { Sender } from '../../reason-code.js';
import type { Tolerance } from '../tolerance.js';
import type { ByteReader } from './byte-reader.js';
import type { PropertyTerms } from './property-reader.js';
import type { TopicDecoder } from './topic-decoder.js';

/** What the decoding of one packet's body depends on. One object lives as long as its decoder. */
export interface DecodeContext extends PropertyTerms {
  /** At the body of the packet at hand. */
  readonly reader: ByteReader;
  /** Checks topics, and knows those again that come often. */
  readonly topics: TopicDecoder;
  /** What only the other end may send is a protocol error. */
  readonly from: Sender;
  /** A CONNECT sets it, for all that follows. */
  version: ProtocolVersion;
  /** undefined: strict. */
  readonly tolerance: Tolerance | undefined;
  /** The first byte of the packet. */
  first: number;
  /** Where the packet's body stands in the reader's bytes. */
  start: number;
  /** One past the last byte of the body. */
  end: number;
}
