import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { mosquittoCommand } from '../../test/support/brokers/mosquitto.js';

/** A part of the document. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly lines: readonly string[];
  /** Promises of ours that a figure contradicts: the command fails. */
  readonly broken: readonly string[];
}

const INTRODUCTION = `# Evidence

What was broken, how often, and what came of it. \`npm run evidence\` writes this page: every figure on it was counted by that
command, and running it again gives figures of the same kind, not the same figures, since the faults come at random moments.

How a figure is made: an independent publisher (\`mosquitto_pub\`) sends numbered messages with check sums over three topics to
one broker; the system under test, a process of its own, bridges them to a second broker; an independent verifier
(\`mosquitto_sub\`) prints what the second broker delivers, and that is compared with what was sent. *Lost* was sent and never
printed, *duplicated* counts every copy beyond the first, *out of order* counts first copies behind a later message of their
topic. *Recovery* is the time from the fault to the first message that the verifier sees after the system (or the broker) is
back; after a kill that includes the start of the new process. Nothing else slows the machine down on purpose, but the
brokers, the publisher, the verifier and the system share it.

Beside Millrace stands a bridge of two MQTT.js clients in a few lines, in the three ways that its documentation offers, with its
sessions kept (\`clean: false\`), QoS 2 and its store in memory, and the first of them also with its packets in a LevelDB
(\`mqtt-level-store\`). It is there for comparison: MQTT.js does not claim to survive a crash.
`;

const PATH = fileURLToPath(new URL('../../docs/evidence.md', import.meta.url));

/** Writes docs/evidence.md. */
export function writeEvidence(sections: readonly Section[]): void {
  writeFileSync(PATH, `${INTRODUCTION}\n${machine()}\n\n${sections.map(textOf).join('\n')}`);
}

/** Replaces sections, or adds those that are not there yet. */
export function rewriteEvidence(sections: readonly Section[]): void {
  const parts = readFileSync(PATH, 'utf8').split(/^(?=## )/m);
  for (const section of sections) {
    const at = parts.findIndex((part) => part.startsWith(`## ${section.title}\n`));
    if (at === -1) parts.push(`\n${textOf(section)}`);
    else parts[at] = at === parts.length - 1 ? textOf(section) : `${textOf(section)}\n`;
  }
  writeFileSync(PATH, parts.join(''));
}

const textOf = ({ title, lines }: Section): string => `## ${title}\n\n${lines.join('\n')}\n`;

/** Where the figures come from, without names and dates. */
function machine(): string {
  const mqtt: unknown = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('mqtt/package.json'), 'utf8'),
  ).version;
  return `Measured on ${cpus().length} CPUs with Node ${process.versions.node}, ${mosquittoVersion()} and MQTT.js ${mqtt}.`;
}

function mosquittoVersion(): string {
  try {
    return execFileSync(mosquittoCommand(), ['-h'], { encoding: 'utf8' }).split('\n')[0] ?? 'mosquitto';
  } catch (error) {
    // It exits with 3 after it has printed what is wanted.
    const text = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return text.split('\n')[0] || 'mosquitto';
  }
}
