#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { redact, TapedeckError } from '@tapedeck/core';
import { openKubeApi } from '@tapedeck/kube-api';
import { createJsonLog } from './lib/json-log.ts';
import { runOperator } from './lib/operator.ts';
import { parseSettings, readIdentity } from './lib/settings.ts';

/** `operator CONFIG.json`: one replica of the operator. Ends with 0 when asked to, with 1 when it leads no more. */
const log = createJsonLog((line) => process.stdout.write(line));
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort()).once('SIGINT', () => stop.abort());
try {
  const path = process.argv[2] ?? '/etc/tapedeck/config.json';
  const settings = parseSettings(await readFile(path, 'utf8'));
  const replica = readIdentity(process.env);
  const outcome = await runOperator({ api: openKubeApi(), settings, replica, log }, stop.signal);
  log.info('Stopped', { outcome });
  process.exit(outcome === 'Ended' ? 0 : 1);
} catch (error) {
  log.warn('NotStarted', { message: redact(TapedeckError.from(error).message) });
  process.exit(1);
}
