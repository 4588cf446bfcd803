import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BareBridge } from '../support/bare-bridge.js';
import { serveContender } from '../support/contender.js';
import { connectRaw } from '../support/raw-client.js';
import { WarmHalf } from '../support/warm-half.js';

/*
 * The floor of a bridge that is exactly once: the same packets, and the two flushed writes that each message needs, without an engine. What it
 * writes says nothing, so it recovers nothing; nothing is decoded or checked.
 */
await serveContender(async ({ url, toUrl, clientId, messages, dir: parent = tmpdir() }) => {
  const dir = mkdtempSync(join(parent, 'millrace-bench-bare-'));
  const to = await connectRaw(toUrl, `${clientId}-0`);
  const bridge = new BareBridge(await connectRaw(url, clientId, true), to, join(dir, 'records'));
  const half = new WarmHalf(messages);
  return {
    run: () =>
      new Promise((resolve) => {
        bridge.onCompleted = (completed) => {
          half.look(completed);
          if (completed === messages) resolve();
        };
      }),
    figures: () => ({ ...half.figures(), messagesPerCommit: messages / bridge.writes }),
    close: async () => {
      bridge.close();
      rmSync(dir, { recursive: true });
    },
  };
});
