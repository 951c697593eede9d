import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { read, readJson, root } from '../repo/checkout.ts';
import { findPromtool } from '../servers/promtool.ts';
import { runProgram } from './api-server.ts';

const monitoring = 'charts/tapedeck/files/monitoring';
const promtool = await findPromtool();

const alerts = z
  .object({
    groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
  })
  .parse(parse(read(`${monitoring}/alerts.yaml`)))
  .groups.flatMap(({ rules }) => rules);

const board = z
  .object({
    panels: z.array(
      z.object({
        id: z.number(),
        title: z.string(),
        description: z.string().min(1),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string() })).min(1),
      }),
    ),
  })
  .parse(readJson(`${monitoring}/dashboard.json`));

describe('the alerts', () => {
  it('are each on the page that says what to do', () => {
    const page = read('docs/kubernetes/observe.md');
    expect(alerts.filter(({ alert }) => !page.includes(`\`${alert}\``))).toEqual([]);
  });
});

describe.skipIf(promtool === undefined)('judged by Prometheus itself', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-alerts-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram(promtool ?? '', args, undefined);
    expect(code, `${stdout}${stderr}`).toBe(0);
  };

  it('the alerts are raised when they should be and not otherwise', async () => {
    await copyFile(`${root}/${monitoring}/alerts.yaml`, path.join(directory, 'alerts-under-test.yaml'));
    await copyFile(`${root}/test/cluster/alerts.yaml`, path.join(directory, 'tests.yaml'));
    await run('check', 'rules', path.join(directory, 'alerts-under-test.yaml'));
    await run('test', 'rules', path.join(directory, 'tests.yaml'));
  });

  it('the dashboard’s expressions are expressions', async () => {
    const rules = board.panels.flatMap(({ id, targets }) =>
      targets.map(({ expr }, index) => ({ record: `panel_${id}_${index}`, expr })),
    );
    const file = path.join(directory, 'dashboard.json');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    await run('check', 'rules', file);
  });
});

it('no panel of the dashboard lies over another', () => {
  const cells = board.panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => ({ title, cell: `${x + (at % w)}/${y + Math.floor(at / w)}` })),
  );
  const seen = new Map<string, string>();
  for (const { title, cell } of cells) {
    expect(seen.get(cell), `${title} at ${cell}`).toBeUndefined();
    seen.set(cell, title);
  }
  expect(Math.max(...board.panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
});
