import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../repo/checkout.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { makeOperatorAccount } from './operator-account.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { makeTls } from './tls.ts';

/** An API server with our definitions and rights, for operators that are processes of their own. */
export interface OperatorGround {
  readonly server: ApiServer;
  /** Of the authority that the operators' report endpoints are of. */
  readonly ca: string;
  startOperator(name: string): Promise<OperatorProcess>;
  /** Ends the operators too. */
  stop(): Promise<void>;
}

export async function startOperatorGround(options: { readonly etcd?: string } = {}): Promise<OperatorGround> {
  const server = await startApiServer(options);
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-ground-'));
  const operators: OperatorProcess[] = [];
  const stop = async () => {
    await Promise.allSettled(operators.map((operator) => operator.stop()));
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  const must = async (...args: string[]) => {
    const { code, stderr } = await server.kubectl(args);
    if (code !== 0) throw new Error(stderr);
  };
  try {
    await must('apply', '--server-side', '-f', `${root}/charts/tapedeck/files/crds`);
    await must('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    // A controller would make it.
    await must('create', 'serviceaccount', 'default');
    await writeFile(join(directory, 'kubeconfig'), await makeOperatorAccount(server), { mode: 0o600 });
    const { ca } = await makeTls(join(directory, 'tls'), ['IP:127.0.0.1']);
    return {
      server,
      ca,
      async startOperator(name) {
        const operator = await startOperatorProcess(directory, name);
        operators.push(operator);
        return operator;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
