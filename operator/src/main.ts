#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { redact, TapedeckError } from '@tapedeck/core';
import { openKubeApi } from '@tapedeck/kube-api';
import { parseFlags } from './lib/flags.ts';
import { createJsonLog } from './lib/json-log.ts';
import { runOperator } from './lib/operator.ts';
import { testRelease } from './lib/release-test.ts';
import { parseSettings, readIdentity } from './lib/settings.ts';

/**
 * `operator CONFIG.json [--SETTING VALUE …]`: one replica of the operator. Ends with 0 when asked to, with 1 where it cannot run.
 * `operator test --namespace NAME [--storage NAME] [--seconds N]`: what `helm test` runs.
 */
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort()).once('SIGINT', () => stop.abort());

async function reconcile(path: string, args: readonly string[]): Promise<number> {
  const log = createJsonLog((line) => process.stdout.write(line));
  try {
    const settings = parseSettings(await readFile(path, 'utf8'), parseFlags(args));
    const replica = readIdentity(process.env);
    await runOperator({ api: openKubeApi(), settings, replica, log }, stop.signal);
    log.info('Stopped');
    return 0;
  } catch (error) {
    log.warn('NotStarted', { message: redact(TapedeckError.from(error).message) });
    return 1;
  }
}

async function test(args: string[]): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${redact(line)}\n`);
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({ args, options: { namespace: text, storage: text, seconds: text } });
    const { namespace = 'default', storage } = values;
    const seconds = Number(values.seconds ?? '5');
    await testRelease({ api: openKubeApi(), namespace, storage, seconds, say }, stop.signal);
    say('Passed.');
    return 0;
  } catch (error) {
    say(`Failed: ${TapedeckError.from(error).message}`);
    return 1;
  }
}

const [first = '', ...rest] = process.argv.slice(2);
process.exit(first === 'test' ? await test(rest) : await reconcile(first, rest));
