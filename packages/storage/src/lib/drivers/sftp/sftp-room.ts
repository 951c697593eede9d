import { TapedeckError } from '@tapedeck/core';
import { sftpStatus, statusOf } from './sftp-errors.ts';
import { parentOf } from './sftp-files.ts';
import type { SftpSession } from './sftp-session.ts';

/** OpenSSH has one word for everything that goes wrong with a write; asking for the room that is left tells more. */
export async function explainFull(
  session: Pick<SftpSession, 'freeBytes'>,
  path: string,
  size: number,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (statusOf(error) !== sftpStatus.Failure) throw error;
    const directory = parentOf(path);
    const free = await session.freeBytes(directory === '' ? '.' : directory);
    if (free !== undefined && free < size) {
      throw new TapedeckError(
        'StorageFull',
        `Writing ${path} failed: the disk of the SFTP server is full; free some space there.`,
        { cause: error },
      );
    }
    throw new TapedeckError(
      'StorageUnavailable',
      `Writing ${path} failed: the SFTP server says no more than "Failure"; a quota that is used up or a failing disk are the usual reasons.`,
      { cause: error },
    );
  }
}
