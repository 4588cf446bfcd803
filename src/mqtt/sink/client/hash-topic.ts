/**
 * A stable 32-bit hash of a topic (FNV-1a over UTF-16 units): the same topic has the same client in every process, so that
 * order per topic holds with any parallelism.
 */
export const hashTopic = (topic: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < topic.length; i += 1) {
    hash = Math.imul(hash ^ topic.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
};
