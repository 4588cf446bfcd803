import type { ProcessingGuarantee } from '../../../connector/processing-guarantee.js';
import type { SourceCustody } from '../acknowledgement/acknowledger.js';
import { DirectAcks } from './acks.js';
import { ReceiptAcks } from './receipt-acks.js';

/** Without a store, and with the guarantee `none`, which stores nothing in a job with one either. */
export const directCustody = (guarantee: ProcessingGuarantee): SourceCustody => ({
  past: undefined,
  acknowledger: (session) => (guarantee === 'none' ? new ReceiptAcks(session) : new DirectAcks(session)),
});
