import { connect, type Socket } from 'node:net';

/*
 * Viewers of the events at the Unix socket that is named, one of which does not read, until the parent lets go. It is told of each frame of one
 * that reads: the first when all of them have one.
 */
const [path = '', count = '0'] = process.argv.slice(2);
const FRAME = 'event: jobs';

let frames = 0;

const viewer = (): Socket => {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return socket;
};

const firstFrame = (socket: Socket): Promise<void> =>
  new Promise((resolve) =>
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes(FRAME)) resolve();
    }),
  );

// it is cut off some time, and keeps its place until then
viewer();
const readers = Array.from({ length: Number(count) - 1 }, viewer);
await Promise.all(readers.map(firstFrame));
process.send?.(frames);
readers[0]?.on('data', (chunk: Buffer) => {
  if (!chunk.includes(FRAME)) return;
  frames += 1;
  process.send?.(frames);
});
process.once('disconnect', () => process.exit());
