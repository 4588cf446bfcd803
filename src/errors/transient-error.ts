/**
 * Thrown by a user's function: the same may pass later, nothing is wrong with the item. It is tried again as the retry strategy says.
 *
 * ```ts
 * if (response.status === 503) throw new TransientError('the service is away', { cause: response });
 * ```
 */
export class TransientError extends Error {
  override readonly name = 'TransientError';
}
