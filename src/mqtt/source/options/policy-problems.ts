/** What each policy of a source may be. */
const POLICIES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  onUnknownSession: ['fail', 'adopt', 'discard'],
  onLowerQos: ['accept', 'reject', 'fail'],
  onSessionLoss: ['fail', 'redeliver', 'drop', undefined],
};

/** What is wrong with the policies that are given: a user without types may have given anything. */
export const policyProblems = (given: Readonly<Record<keyof typeof POLICIES, string | undefined>>): string[] =>
  Object.entries(POLICIES)
    .filter(([name, allowed]) => !allowed.includes(given[name]))
    .map(([name, allowed]) => `${name} is "${given[name]}": it must be ${allowed.filter(Boolean).join(', ')}`);
