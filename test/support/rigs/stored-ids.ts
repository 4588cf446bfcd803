/** Epoch and packet ids of a stored state of an MQTT source, without what R2b remembers beside them. */
export function storedIds(state: unknown): unknown {
  if (typeof state !== 'object' || state === null) return state;
  const { memory: _, client: __, ...ids } = state as { readonly memory?: unknown; readonly client?: unknown };
  return ids;
}
