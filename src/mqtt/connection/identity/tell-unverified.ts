import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import { formatAddress } from '../transport/format-address.js';
import type { Met } from './session-identity.js';

/**
 * The server says that it has our session, and nothing shows that it is the one we know.
 * @param stored a store knows of the session, so that a guarantee lies with it
 */
export function tellUnverified(
  name: string,
  { clientId, address }: Pick<Met, 'clientId' | 'address'>,
  stored: boolean,
): void {
  publishDiagnostic('session-unverified', { name, clientId, server: formatAddress(address), stored });
}
