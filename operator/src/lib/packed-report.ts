import { promisify } from 'node:util';
import { gunzip, gzip, gzipSync } from 'node:zlib';
import { type RunReport, runReport } from '@tapedeck/core';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Below that, handing the work to another thread takes longer than the work, some 0.1 ms. */
const smallLength = 16 * 1024;

/** A report as it is kept: gzipped, in base64. A journal of 10,000 parts takes 400 kB of 1 MiB that an object may have. */
export async function packReport(report: RunReport): Promise<string> {
  const text = JSON.stringify(report);
  return (text.length < smallLength ? gzipSync(text) : await compress(text)).toString('base64');
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
