import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type RunReport, runReport } from '@tapedeck/core';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** A report as it is kept: gzipped, in base64. A journal of 10,000 parts takes 400 kB of 1 MiB that an object may have. */
export async function packReport(report: RunReport): Promise<string> {
  return (await compress(JSON.stringify(report))).toString('base64');
}

/** Undefined of somebody else's bytes. */
export async function unpackReport(packed: string): Promise<RunReport | undefined> {
  try {
    const text = (await expand(Buffer.from(packed, 'base64'))).toString('utf8');
    const parsed = runReport.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // As good as none, and the caller says so.
  }
}
