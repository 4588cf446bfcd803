/** What happens to a rejected item: `OnError` with its dead-letter sink resolved to an index among the job's sinks. */
export type RejectionPolicy =
  | { readonly kind: 'fail' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'deadLetter'; readonly sink: number };
