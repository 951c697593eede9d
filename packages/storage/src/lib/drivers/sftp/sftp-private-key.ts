import { createPrivateKey, type KeyObject } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import ssh2 from 'ssh2';

/**
 * A private key in a form that the SSH library takes, in clear. It reads OpenSSH's own form and the old PEM ones (PKCS#1,
 * SEC1); PKCS#8, which `openssl genpkey` writes, it does not, so that is read by node. Rejects what is no private key, or
 * cannot be opened with this passphrase, without showing anything of either.
 */
export function readPrivateKey(text: string, passphrase: string | undefined): string {
  const pem = withLines(text);
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  if (label === undefined && !pem.startsWith('PuTTY-User-Key-File-')) {
    throw invalid(
      'is no private key: it must be the whole file, from -----BEGIN to the end of the -----END line',
    );
  }
  if (label?.includes('PUBLIC KEY')) throw invalid('is a public key; the private one belongs there');
  if (label?.includes('CERTIFICATE')) throw invalid('is a certificate; the private key belongs there');
  const isPkcs8 = label === 'PRIVATE KEY' || label === 'ENCRYPTED PRIVATE KEY';
  return writeKey((isPkcs8 ? openPkcs8 : openOthers)(pem, passphrase));
}

function openOthers(pem: string, passphrase: string | undefined): KeyObject {
  const parsed = ssh2.utils.parseKey(pem, passphrase);
  // One key of the file is all that the library reads.
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || !key.isPrivateKey()) throw refusal(pem, passphrase);
  try {
    return createPrivateKey(key.getPrivatePEM());
  } catch {
    // A wrong passphrase of an old PEM may well give bytes that look like a key.
    throw refusal(pem, passphrase);
  }
}

/** Secrets that went through one line of a form have lost their line ends, or have them as two characters. */
function withLines(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\r\n', '\n').trim().concat('\n');
}

function refusal(pem: string, passphrase: string | undefined): TapedeckError {
  if (!isEncrypted(pem)) return invalid('is broken, or of a kind that is not supported');
  return passphrase === undefined ? lacksPassphrase() : wrongPassphrase();
}

function lacksPassphrase(): TapedeckError {
  return invalid('is encrypted; put its passphrase beside it, under passphrase');
}

function wrongPassphrase(): TapedeckError {
  return invalid('cannot be opened with the passphrase beside it');
}

function isEncrypted(pem: string): boolean {
  if (/^Proc-Type: *4,ENCRYPTED|^DEK-Info:|^Encryption: (?!none)/m.test(pem)) return true;
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(pem)?.[1];
  // After the magic word comes the cipher's name, which is `none` for a key in clear.
  return (
    body !== undefined && !Buffer.from(body, 'base64').subarray(15, 23).toString('latin1').endsWith('none')
  );
}

function openPkcs8(pem: string, passphrase: string | undefined): KeyObject {
  const isSealed = pem.includes('ENCRYPTED PRIVATE KEY');
  if (isSealed && passphrase === undefined) throw lacksPassphrase();
  try {
    return createPrivateKey({ key: pem, ...(isSealed && { passphrase }) });
  } catch {
    // OpenSSL's words tell nothing that a person could act on, and might quote the input.
    throw isSealed ? wrongPassphrase() : invalid('is broken');
  }
}

/** In the oldest form that there is for its type, which the library reads. */
function writeKey(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return ed25519ToOpenSsh(key);
    default:
      throw invalid(`is of the type ${key.asymmetricKeyType}; SSH takes rsa, ec and ed25519 keys`);
  }
}

/** Ed25519 has no older PEM form: OpenSSH's own (PROTOCOL.key in its source), without encryption. */
function ed25519ToOpenSsh(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const publicBytes = Buffer.from(x, 'base64url');
  const seed = Buffer.from(d, 'base64url');
  const publicBlob = Buffer.concat([field('ssh-ed25519'), field(publicBytes)]);
  // Two equal numbers tell a reader that decryption worked; in clear any will do.
  const check = Buffer.alloc(8);
  const fields = [check, publicBlob, field(Buffer.concat([seed, publicBytes])), field('')];
  const secret = Buffer.concat(fields);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    one,
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  const label = 'OPENSSH PRIVATE KEY';
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function field(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function invalid(problem: string): TapedeckError {
  return new TapedeckError('InvalidCredentials', `privateKey of the storage's credentials ${problem}.`);
}
