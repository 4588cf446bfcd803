import type { ProtocolVersion } from '../../protocol/protocol-version.js';

/** What the store knows of the session. */
export interface PolicyFacts {
  /** The version of its epoch, when it has one (R5d). */
  readonly epochVersion?: ProtocolVersion | undefined;
  /** All was granted with the settings of now (R24). */
  readonly grantedBefore?: boolean | undefined;
}
