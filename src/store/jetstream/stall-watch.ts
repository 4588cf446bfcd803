/** A commit takes milliseconds; while a leader is elected, seconds. */
const FIRST_MS = 1_000;

/**
 * Tells while something takes long: after a second, and again whenever it has taken twice as long.
 * @param onStalled is told for how many milliseconds it has lasted
 * @returns what ends it
 */
export function watchStall(onStalled: ((ms: number) => void) | undefined): () => void {
  if (onStalled === undefined) return () => {};
  let lasted = FIRST_MS;
  const tell = (): void => {
    onStalled(lasted);
    timer = setTimeout(tell, lasted);
    lasted *= 2;
  };
  let timer = setTimeout(tell, FIRST_MS);
  return () => clearTimeout(timer);
}
