/** What the answer to an UNSUBSCRIBE of our marker says of a session that the server says is present (R5a). */
export type SessionProof = 'ours' | 'not-ours' | 'unknown';

const SUCCESS = 0x00;
const NO_SUBSCRIPTION_EXISTED = 0x11;

/** Any other code (not authorized, say) is about us and says nothing of the session. */
export function sessionProof(reasonCode: number | undefined): SessionProof {
  if (reasonCode === SUCCESS) return 'ours';
  return reasonCode === NO_SUBSCRIPTION_EXISTED ? 'not-ours' : 'unknown';
}
