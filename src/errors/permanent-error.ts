/**
 * Thrown by a user's function: this item cannot pass, however often it is tried. It is not retried, and goes where `onError` says.
 *
 * ```ts
 * if (row.amount < 0) throw new PermanentError('a negative amount');
 * ```
 */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}
