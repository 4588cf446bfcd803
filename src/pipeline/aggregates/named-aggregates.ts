const NAMES = new WeakMap<object, string>();

/** Has the operation know its name, if it has one. */
export const withName = <O extends object>(name: string | undefined, operation: O): O => {
  if (name !== undefined) NAMES.set(operation, name);
  return operation;
};

/** A factory whose operations know its name. */
export const named = <F extends object>(name: string, factory: F): F =>
  new Proxy(factory, {
    apply: (target, self, args) => withName(name, Object(Reflect.apply(Object(target), self, args))),
  });

/** What tells the accumulators of an operation from those of another one. Undefined for one of the user's own: nothing does. */
export const nameOfAggregate = (operation: object): string | undefined => NAMES.get(operation);
