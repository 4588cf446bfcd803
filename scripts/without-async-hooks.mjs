/*
 * Loaded before each test file. The test runner of Node 20 follows every promise from its birth to its collection, to know whose test a stray
 * error is of: a third of the processor time of what lives by promises. Here it is told of its tests alone. A stray error fails the file and
 * is printed, as before; which test it came from it does not say.
 */
import hooks from 'node:async_hooks';

if (process.versions.node.startsWith('20.')) {
  const { AsyncResource, createHook } = hooks;
  let noteTest = () => {};
  hooks.createHook = ({ init }) => {
    noteTest = init;
    const hook = { enable: () => hook, disable: () => hook };
    return hook;
  };
  hooks.AsyncResource = class extends AsyncResource {
    constructor(type, options) {
      super(type, options);
      noteTest(this.asyncId(), type, this.triggerAsyncId(), this);
    }
  };
  // it keeps what it finds as it is loaded
  await import('node:test');
  Object.assign(hooks, { AsyncResource, createHook });
  process.on('unhandledRejection', (reason) => console.error(reason));
  process.on('uncaughtExceptionMonitor', (error) => console.error(error));
}
