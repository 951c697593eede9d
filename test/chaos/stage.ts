import { afterEach, beforeEach } from 'vitest';
import { createWorkbench, type Workbench } from '../e2e/workbench.ts';
import type { Destination } from './destination.ts';

/** What one test plays on: opened before it, closed after it. */
export interface Stage<D extends Destination> {
  readonly bench: Workbench;
  readonly destination: D;
}

/** A stage for each test of a file, or of the `describe` that this is called in. */
export function stageEach<D extends Destination>(open: () => Promise<D>): Stage<D> {
  let stage: Stage<D> | undefined;
  const present = (): Stage<D> => {
    if (stage === undefined) throw new Error('the stage is there during a test only');
    return stage;
  };
  beforeEach(async () => {
    const bench = await createWorkbench();
    stage = { bench, destination: await open() };
  });
  afterEach(async () => {
    const ended = stage;
    stage = undefined;
    await ended?.bench.close();
    await ended?.destination.close();
  });
  return {
    get bench() {
      return present().bench;
    },
    get destination() {
      return present().destination;
    },
  };
}
