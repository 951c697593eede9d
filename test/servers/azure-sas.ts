import { createHmac } from 'node:crypto';

const VERSION = '2022-11-02';

export interface SasWish {
  readonly account: string;
  readonly accountKey: string;
  /** Letters: r read, w write, c create, d delete, l list. */
  readonly permissions: string;
  /** Limits it to that container; absent: the whole account. */
  readonly container?: string;
  /** Default: in an hour. */
  readonly expires?: Date;
}

/** A shared access signature, made as https://learn.microsoft.com/rest/api/storageservices/create-service-sas says. */
export function makeSas({ account, accountKey, permissions, container, expires }: SasWish): string {
  const end = `${(expires ?? new Date(Date.now() + 3_600_000)).toISOString().slice(0, 19)}Z`;
  const sign = (lines: readonly string[]) =>
    createHmac('sha256', Buffer.from(accountKey, 'base64')).update(lines.join('\n')).digest('base64');
  if (container === undefined) {
    const lines = [account, permissions, 'b', 'sco', '', end, '', '', VERSION, '', ''];
    const fields = { sv: VERSION, ss: 'b', srt: 'sco', sp: permissions, se: end, sig: sign(lines) };
    return new URLSearchParams(fields).toString();
  }
  const resource = `/blob/${account}/${container}`;
  // Start, end, resource, policy, addresses, protocol, version, kind, snapshot, encryption scope, five headers.
  const lines = [permissions, '', end, resource, '', '', '', VERSION, 'c', '', '', '', '', '', '', ''];
  return new URLSearchParams({ sv: VERSION, sr: 'c', sp: permissions, se: end, sig: sign(lines) }).toString();
}
