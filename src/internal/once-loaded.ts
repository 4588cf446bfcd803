/**
 * A module that is loaded when it is asked for first, and given in the same turn from then on. `load` is a function with a literal
 * `import()`, which bundlers see. A failure is not kept: the next call tries again.
 */
export function onceLoaded<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
