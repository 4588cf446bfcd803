import { FileLogs } from '../../src/store/log/file/file-logs.js';
import { MemoryLogs } from '../../src/store/log/memory/memory-logs.js';
import { tempDir } from '../support/temp-dir.js';
import { logContract } from './log-contract.js';

logContract('memory', {
  start: async () => {
    const logs = new MemoryLogs();
    const again = async () => {
      await logs.close();
      return new MemoryLogs(logs);
    };
    return { logs, again, rival: async () => new MemoryLogs(logs) };
  },
  limits: {},
});

/** The usual one, and one at which nearly each record is in a file of its own. */
for (const segmentBytes of [16 * 1024 * 1024, 1024]) {
  logContract(`files of ${segmentBytes} bytes`, {
    start: async () => {
      const dir = tempDir('log');
      const logs = await FileLogs.open(dir, segmentBytes);
      let open = logs;
      const again = async () => {
        await open.close();
        open = await FileLogs.open(dir, segmentBytes);
        return open;
      };
      return { logs, again };
    },
    limits: { sharing: 'its directory has one owner' },
  });
}
