import type { DestinationSurroundings } from './destination.ts';
import { sftpCredentials } from './destination-credentials.ts';
import { type MadeStorage, nameFor } from './destination-name.ts';
import { invalid, parseDestinationUrl } from './destination-url.ts';

/**
 * `sftp://user@host:port/directory?hostKey=ssh-ed25519%20AAAA…`: an absolute directory, or with `/~/` one below where the
 * login lands. A host key may be its fingerprint (`SHA256:…`), and there may be several.
 */
export function parseSftp(text: string, around: DestinationSurroundings): MadeStorage {
  const url = parseDestinationUrl(text, {
    known: ['hostKey', 'trustOnFirstUse'],
    repeated: ['hostKey'],
    credentials: 'set TAPEDECK_SFTP_PASSWORD, or TAPEDECK_SFTP_KEY_FILE to the path of a private key',
    user: true,
  });
  if (url.username === '') throw invalid('--to sftp://…: who logs in? Write sftp://USER@HOST/DIRECTORY');
  const hostKeys = url.all('hostKey').map(withSpace);
  const trustOnFirstUse = readFlag(url.query.trustOnFirstUse);
  const directory = url.path.replace(/\/+$/, '').replace(/^\/~(\/|$)/, '');
  const sftp = {
    host: url.host.replace(/^\[|\]$/g, ''),
    ...(url.port === undefined ? {} : { port: url.port }),
    ...(hostKeys.length === 0 ? {} : { hostKeys }),
    ...(trustOnFirstUse === undefined ? {} : { trustOnFirstUse }),
    ...(directory === '' ? {} : { directory }),
  };
  return {
    name: nameFor(url.host, text),
    spec: { provider: 'SFTP', sftp },
    credentials: sftpCredentials(url.username, around),
  };
}

/** Some write the space after the key's type as a plus; the key itself starts with four bytes of length, which are AAAA. */
function withSpace(hostKey: string): string {
  return hostKey.replace(/^([a-z0-9@.-]+)\+(?=AAAA)/, '$1 ');
}

function readFlag(word: string | undefined): boolean | undefined {
  if (word === undefined || word === 'false') return word === undefined ? undefined : false;
  if (word === 'true' || word === '') return true;
  throw invalid('--to sftp://…: ?trustOnFirstUse= is true or false');
}
