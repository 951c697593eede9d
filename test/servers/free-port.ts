import { createServer } from 'node:net';

/** A loopback port that is free now. Whoever gets it should bind it at once. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') reject(new Error('The system gave no port.'));
    else resolve(address.port);
  });
  try {
    return await promise;
  } finally {
    await new Promise((done) => server.close(done));
  }
}
