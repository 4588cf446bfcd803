/**
 * What a call comes to, or a rejection with `late()` when it has not settled within `limitMs`. What it comes to after that is nobody's; its
 * rejection is no unhandled one.
 */
export const withinMs = async <R>(call: PromiseLike<R>, limitMs: number, late: () => Error): Promise<R> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([call, over]);
  } finally {
    clearTimeout(timer);
  }
};
