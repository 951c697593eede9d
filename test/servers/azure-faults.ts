interface Request {
  readonly method: string;
  readonly path: string;
}

/** The number of the part that a request stages; undefined for others, 0 for the mark that an upload is open. */
export function stagedPart({ method, path }: Request): number | undefined {
  const query = new URL(path, 'http://x').searchParams;
  if (method !== 'PUT' || query.get('comp') !== 'block') return undefined;
  const [, number] = Buffer.from(query.get('blockid') ?? '', 'base64')
    .toString()
    .split('.');
  return Number(number);
}

/** Fault rules' usual condition: the puts of parts, or of one part. */
export function isPutBlock(part?: number) {
  return (request: Request): boolean => {
    const number = stagedPart(request);
    return number !== undefined && number > 0 && (part === undefined || number === part);
  };
}

export function isCommit({ method, path }: Request): boolean {
  return method === 'PUT' && new URL(path, 'http://x').searchParams.get('comp') === 'blocklist';
}

export function isListBlocks({ method, path }: Request): boolean {
  return method === 'GET' && path.includes('comp=blocklist');
}

/** Status, headers and body of an answer of the service's own. */
export function azureAnswer(status: number, code: string, headers: Readonly<Record<string, string>> = {}) {
  return {
    status,
    headers: { 'x-ms-request-id': 'f6f6a1c2-0000', 'x-ms-error-code': code, ...headers },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}.\nRequestId:f6f6a1c2-0000</Message></Error>`,
  };
}
