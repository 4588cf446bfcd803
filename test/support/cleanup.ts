import { after } from 'node:test';

/** Something a test started that must not outlive the test file. */
interface Cleanup {
  /** Ends it in an orderly way. */
  readonly end: () => void | Promise<void>;
  /** Ends it at once, without waiting: the process is about to exit. */
  readonly endNow: () => void;
}

const pending = new Set<Cleanup>();
/*
 * SIGTERM keeps its default on Linux: the test runner ends a file that hangs by it, and a file that hangs in a loop would never
 * come to a handler. What is left over there is ended by the kernel (see startChild).
 */
const SIGNALS: Readonly<Record<string, number>> =
  process.platform === 'linux' ? { SIGHUP: 1, SIGINT: 2 } : { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * Registers what ends a resource. It is called when the test file is over (passed or failed), in reverse order; `endNow`
 * is called when the process exits or is told to end before that. The returned function takes the registration back.
 */
export function onCleanup(end: () => void | Promise<void>, endNow: () => void = () => {}): () => void {
  const cleanup = { end, endNow };
  pending.add(cleanup);
  return () => {
    pending.delete(cleanup);
  };
}

/** Benchmarks and examples use the helpers too; the test runner must not start there. */
function isTestProcess(): boolean {
  return process.env.NODE_TEST_CONTEXT !== undefined || /\.test\.[cm]?[jt]s$/.test(process.argv[1] ?? '');
}

/** Ends everything that is still registered. A failure to end one thing does not keep the others. */
export async function endAll(): Promise<void> {
  const failures: unknown[] = [];
  for (const cleanup of [...pending].reverse()) {
    try {
      await cleanup.end();
    } catch (error) {
      failures.push(error);
    }
    pending.delete(cleanup);
  }
  if (failures.length > 0) throw new AggregateError(failures, 'could not end everything that the tests started');
}

function endAllNow(): void {
  for (const cleanup of [...pending].reverse()) {
    try {
      cleanup.endNow();
    } catch {
      // The process exits: the other cleanups are still to be tried.
    }
  }
}

process.once('exit', endAllNow);
for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(128 + number));
// At import: a hook that is added while a test runs would belong to that test.
if (isTestProcess()) after(endAll);
