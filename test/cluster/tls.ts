import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate of an authority of its own, in files of the names that Kubernetes' Secrets of type tls have. */
export async function makeTls(directory: string, names: readonly string[]): Promise<{ readonly ca: string }> {
  await mkdir(directory, { recursive: true });
  const inside = (name: string) => path.join(directory, name);
  const days = ['-days', '30'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await run('openssl', [
    ...['req', '-x509', ...key, ...days, '-subj', '/CN=tapedeck-report-ca'],
    ...['-keyout', inside('ca.key'), '-out', inside('ca.crt')],
  ]);
  await run('openssl', [
    ...['req', ...key, '-subj', '/CN=tapedeck-report'],
    ...['-keyout', inside('tls.key'), '-out', inside('tls.csr')],
  ]);
  await writeFile(inside('names'), `subjectAltName=${names.join(',')}\n`);
  await run('openssl', [
    ...['x509', '-req', '-in', inside('tls.csr'), '-CA', inside('ca.crt'), '-CAkey', inside('ca.key')],
    ...['-CAcreateserial', ...days, '-extfile', inside('names'), '-out', inside('tls.crt')],
  ]);
  return { ca: await readFile(inside('ca.crt'), 'utf8') };
}
