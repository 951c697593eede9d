import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { read } from '../repo/checkout.ts';
import { findGoTool } from '../servers/tool.ts';
import { runProgram } from './api-server.ts';

/** The interpreter that Argo CD has inside. */
const lua = await findGoTool({ name: 'glua', module: 'github.com/yuin/gopher-lua/cmd/glua@v1.1.1' });
const { data } = z
  .object({ data: z.record(z.string(), z.string()) })
  .parse(parse(read('examples/argocd/health.yaml')));
const prefix = 'resource.customizations.health.tapedeck.dev_';

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** A value as Lua writes it. */
function luaText(value: Value): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  const items = Array.isArray(value)
    ? value.map((one: Value) => luaText(one))
    : Object.entries(value).map(([key, one]) => `[${JSON.stringify(key)}] = ${luaText(one)}`);
  return `{${items.join(', ')}}`;
}

const condition = (type: string, status = 'True', message = `${type} says`) => ({ type, status, message });
const seen = (status: { readonly [key: string]: Value }, spec: { readonly [key: string]: Value } = {}) => ({
  metadata: { generation: 2 },
  spec,
  status: { observedGeneration: 2, ...status },
});
const fresh = { metadata: { generation: 1 }, spec: {} };
const waiting = condition('Ready', 'False', 'Waits.');

describe.skipIf(lua === undefined)('the health that Argo CD shows', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-lua-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function healthOf(kind: string, object: Value): Promise<string> {
    const script = data[`${prefix}${kind}`];
    const file = path.join(directory, 'health.lua');
    const lines = [`obj = ${luaText(object)}`, `local function health() ${script}\nend`];
    await writeFile(file, `${lines.join('\n')}\nlocal h = health()\nprint(h.status .. "|" .. h.message)\n`);
    const { code, stdout, stderr } = await runProgram(lua ?? '', [file], undefined);
    expect(code, stderr).toBe(0);
    return stdout.trim();
  }

  it.each([
    ['Recording', 'that is new', fresh, 'Progressing|The operator has not looked at it yet.'],
    [
      'Recording',
      'whose change was not seen yet',
      { ...seen({ conditions: [condition('Ready')] }), metadata: { generation: 3 } },
      'Progressing|The operator has not looked at it yet.',
    ],
    ['Recording', 'that waits', seen({ phase: 'Pending', conditions: [waiting] }), 'Progressing|Waits.'],
    [
      'Recording',
      'that waits for somebody to act',
      seen({ phase: 'Pending', conditions: [waiting, condition('Stalled')] }),
      'Degraded|Stalled says',
    ],
    [
      'Recording',
      'that records',
      seen({ phase: 'Recording', conditions: [condition('Ready')] }),
      'Healthy|Ready says',
    ],
    [
      'Recording',
      'that is paused',
      seen({ phase: 'Paused', conditions: [condition('Ready')] }),
      'Suspended|Ready says',
    ],
    [
      'Recording',
      'that uploads the rest',
      seen({ phase: 'Uploading', conditions: [waiting] }),
      'Progressing|Waits.',
    ],
    [
      'Recording',
      'that is complete',
      seen({ phase: 'Uploaded', conditions: [waiting, condition('Complete')] }),
      'Healthy|Complete says',
    ],
    [
      'Recording',
      'that failed',
      seen({ phase: 'Failed', conditions: [waiting, condition('Stalled'), condition('Failed')] }),
      'Degraded|Failed says',
    ],
    ['ExternalStorage', 'that is new', fresh, 'Progressing|The operator has not looked at it yet.'],
    ['ExternalStorage', 'that is ready', seen({ conditions: [condition('Ready')] }), 'Healthy|Ready says'],
    [
      'ExternalStorage',
      'that says no',
      seen({ conditions: [waiting, condition('Stalled')] }),
      'Degraded|Stalled says',
    ],
    [
      'ExternalStorage',
      'that does not answer just now',
      seen({ conditions: [waiting] }),
      'Progressing|Waits.',
    ],
    [
      'ExternalStorage',
      'that is suspended',
      seen({ conditions: [waiting] }, { suspend: true }),
      'Suspended|It is suspended.',
    ],
    ['RecordingCopy', 'that is new', fresh, 'Progressing|'],
    [
      'RecordingCopy',
      'that is complete',
      seen({ conditions: [condition('Complete')] }),
      'Healthy|Complete says',
    ],
    ['RecordingCopy', 'that failed', seen({ conditions: [condition('Failed')] }), 'Degraded|Failed says'],
    ['RecordingProfile', 'that is there', fresh, 'Healthy|'],
  ] as const)('of a %s %s', async (kind, _, object, expected) => {
    expect(await healthOf(kind, object)).toBe(expected);
  });

  it('is told for each kind', () => {
    expect(
      Object.keys(data)
        .map((key) => key.slice(prefix.length))
        .sort(),
    ).toEqual(['ExternalStorage', 'Recording', 'RecordingCopy', 'RecordingProfile']);
  });
});
