import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate for 127.0.0.1 that nobody trusts until told to. Its files lie in a directory of its own. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** The certificate itself. */
  readonly pem: string;
  remove(): Promise<void>;
}

/** Undefined, with a line on stderr, where there is no openssl; under CI that is an error. */
export async function makeCertificate(): Promise<Certificate | undefined> {
  const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-tls-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const [cert, key] = [path.join(directory, 'cert.pem'), path.join(directory, 'key.pem')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  args.push('-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=tapedeck test');
  args.push('-addext', 'subjectAltName=IP:127.0.0.1');
  try {
    await run('openssl', args);
    return { cert, key, pem: await readFile(cert, 'utf8'), remove };
  } catch (error) {
    await remove();
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || process.env.CI)
      throw new Error('A certificate for tests needs openssl.', { cause: error });
    process.stderr.write('Skipping tests that need openssl: install it.\n');
    return undefined;
  }
}
