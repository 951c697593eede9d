import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * A security token service that gives the same keys to all who ask, and remembers how they asked. There is no
 * session token with them, for the S3 server knows its own keys only.
 */
export interface FakeSts {
  readonly endpoint: string;
  readonly requests: readonly URLSearchParams[];
  /** How long keys are good for; at first an hour. */
  lifetimeMs: number;
  /** From now on nobody gets keys but this error; undefined ends that. */
  refuse(code: string | undefined): void;
  close(): Promise<void>;
}

export async function startFakeSts(keys: { accessKeyId: string; secretAccessKey: string }): Promise<FakeSts> {
  const requests: URLSearchParams[] = [];
  let refusal: string | undefined;
  const server = createServer((incoming, answer) => {
    text(incoming).then(
      (body) => {
        const query = new URLSearchParams(body);
        requests.push(query);
        const action = query.get('Action') ?? '';
        if (refusal !== undefined) {
          const said = `is not authorized to perform: sts:${action} on resource: ${query.get('RoleArn')}`;
          answer.writeHead(403, { 'content-type': 'text/xml' });
          answer.end(
            `<ErrorResponse><Error><Type>Sender</Type><Code>${refusal}</Code><Message>${said}</Message></Error></ErrorResponse>`,
          );
          return;
        }
        const expiration = new Date(Date.now() + sts.lifetimeMs).toISOString();
        answer.writeHead(200, { 'content-type': 'text/xml' });
        answer.end(
          `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
            `<AccessKeyId>${keys.accessKeyId}</AccessKeyId><SecretAccessKey>${keys.secretAccessKey}</SecretAccessKey>` +
            `<Expiration>${expiration}</Expiration></Credentials>` +
            `</${action}Result></${action}Response>`,
        );
      },
      () => incoming.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sts: FakeSts = {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    lifetimeMs: 3_600_000,
    refuse(code) {
      refusal = code;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return sts;
}
