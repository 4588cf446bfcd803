/** One promise, what was measured and whether it holds. */
export interface Verdict {
  readonly promise: string;
  readonly measured: string;
  readonly holds: boolean;
}

export function printVerdict({ promise, measured, holds }: Verdict): void {
  process.stdout.write(`${holds ? 'pass' : 'FAIL'}  ${promise}: ${measured}\n`);
}
