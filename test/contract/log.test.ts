import { MemoryLogs } from '../../src/store/log/memory/memory-logs.js';
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
