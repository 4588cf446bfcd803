import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Wrap } from './kill/kill-launch.js';

/** What strace does to a process at its system calls on one file. */
export interface Injection {
  /** Only calls on this file count. It need not be there yet. */
  readonly file: string;
  readonly syscalls: readonly string[];
  /** The n-th of them, from 1; each system call is counted on its own, and each thread. */
  readonly nth: number;
  /** `KILL`: dies there, before it has its effect. An error: the call fails and does nothing. */
  readonly fault: 'KILL' | 'EIO' | 'ENOSPC';
  /** With an error: from the n-th on every one fails. Default false. */
  readonly forEver?: boolean;
  /** Where strace writes what it saw. */
  readonly log: string;
}

const STRACE = '/usr/bin/strace';

/** Why strace cannot be used here; undefined when it can. */
export function straceProblem(): string | undefined {
  if (process.platform !== 'linux') return 'strace is of Linux';
  if (!existsSync(STRACE)) return 'strace is not installed';
  const { status } = spawnSync(STRACE, ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=getpgrp:error=EIO', '/bin/true']);
  return status === 0 ? undefined : 'strace may not trace here';
}

/**
 * Starts the process under strace, which traces from the side (`-D`): the process started is the program itself, so that
 * signals reach it. All that libuv does for files is done by one thread, so that the count means something.
 */
export function withInjection({ file, syscalls, nth, fault, forEver = false, log }: Injection): Wrap {
  const calls = syscalls.join(',');
  const effect = fault === 'KILL' ? 'signal=KILL' : `error=${fault}`;
  const inject = `inject=${calls}:${effect}:when=${nth}${forEver ? '+' : ''}`;
  return ({ command, args, env = {} }) => ({
    command: STRACE,
    args: ['-D', '-f', '-qq', '-o', log, '-P', file, '-e', `trace=${calls}`, '-e', inject, command, ...args],
    env: { ...env, UV_THREADPOOL_SIZE: '1' },
  });
}

/** Every record that is written to a log takes so much longer: the write is its flush. */
export function withSlowFlush(file: string, delayMs: number): Wrap {
  const inject = `inject=pwritev:delay_enter=${delayMs * 1000}`;
  return ({ command, args, env = {} }) => ({
    command: STRACE,
    args: ['-D', '-f', '-qq', '-o', '/dev/null', '-P', file, '-e', 'trace=pwritev', '-e', inject, command, ...args],
    env: { ...env, UV_THREADPOOL_SIZE: '1' },
  });
}

/** How many calls the fault hit, by strace's log. A kill shows as a call that never returned. */
export function injectedCalls(log: string): number {
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('(INJECTED)')).length;
}

/** How many calls strace saw. */
export function tracedCalls(log: string): number {
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /^\d+ \w+\(/.test(line)).length;
}
