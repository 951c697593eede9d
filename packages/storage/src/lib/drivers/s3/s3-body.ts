import { Readable } from 'node:stream';
import { crc32Of } from '../../crc32.ts';
import { md5Of } from '../../md5.ts';

/** A body that is sent as it lies in memory, without being copied into one piece first. */
export function streamBody(chunks: readonly Uint8Array[]): Readable {
  return Readable.from(chunks, { objectMode: false });
}

/**
 * What lets a service refuse bytes that changed on the way. The header is signed, so the body itself need not be
 * (SHA-256 takes markedly longer). Computed here, because the SDK would put a stream's checksum behind it and cut
 * the body into chunks as they come, of which the service wants at least 8 KiB each.
 */
export function checksumFields(
  checksum: 'CRC32' | 'MD5',
  chunks: readonly Uint8Array[],
): { readonly ChecksumCRC32: string } | { readonly ContentMD5: string } {
  return checksum === 'CRC32'
    ? { ChecksumCRC32: crc32Base64(chunks) }
    : { ContentMD5: md5Of(chunks).toString('base64') };
}

/** Big-endian, as S3 writes it. */
export function crc32Base64(chunks: readonly Uint8Array[]): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32Of(chunks));
  return value.toString('base64');
}
