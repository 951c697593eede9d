import { matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import config from '../../vitest.config.ts';
import { files } from './checkout.ts';

const projects = z
  .array(
    z.object({
      test: z.object({ name: z.string(), include: z.array(z.string()), exclude: z.array(z.string()) }),
    }),
  )
  .parse(config.test?.projects)
  .map(({ test }) => test);

it('every test file is run by exactly one project', () => {
  const odd = files
    .filter((path) => /\.(test|spec)\.[cm]?[jt]s$/.test(path))
    .map((path) => {
      const matching = projects.filter(
        ({ include, exclude }) =>
          include.some((glob) => matchesGlob(path, glob)) && !exclude.some((glob) => matchesGlob(path, glob)),
      );
      return { path, projects: matching.map(({ name }) => name) };
    })
    .filter((one) => one.projects.length !== 1);
  expect(odd).toEqual([]);
});
