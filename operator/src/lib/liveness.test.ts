import { expect, it } from 'vitest';
import { electionLoop, reconcileLoop, stuckLoop, watchLoop } from './liveness.ts';

it.each([
  ['nothing at all', [], undefined],
  ['all that turns', [watchLoop('Recording', 90_000), electionLoop(2_000), reconcileLoop(0)], undefined],
  ['a watch that is silent and given up in its time', [watchLoop('Recording', 180_000)], undefined],
  ['a watch that came round no more', [watchLoop('Pod', 421_000)], 'the watch of Pods'],
  ['an election that came round no more', [electionLoop(301_000)], 'the election of a leader'],
  ['a check that takes its time', [reconcileLoop(240)], undefined],
  ['a look that never ends', [reconcileLoop(0), reconcileLoop(481)], 'a look at a resource'],
])('judges %s', (_, loops, stuck) => {
  const said = stuckLoop(loops);
  if (stuck === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(new RegExp(`^${stuck} has not come round for \\d+ s$`));
});
