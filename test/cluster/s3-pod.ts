import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findVersityGw } from '../servers/versitygw.ts';
import type { Cluster } from './cluster.ts';

const name = 's3';
const bucket = 'recordings';

/** An S3 server as a pod and a Service. */
export interface S3Pod {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Starts VersityGW in that namespace; its objects are in the pod and go with it. */
export async function startS3Pod(cluster: Cluster, namespace: string): Promise<S3Pod> {
  const program = await findVersityGw();
  if (program === undefined) throw new Error('versitygw is not there; ask findVersityGw first.');
  const image = await cluster.otherImage(name, async (context) => {
    await copyFile(program, path.join(context, 'versitygw'));
    const lines = ['FROM debian:trixie-slim', 'COPY versitygw /versitygw', 'USER 65532:65532'];
    await writeFile(path.join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
  });
  const labels = { app: name };
  const keys = { accessKeyId: 'tapedeck-test', secretAccessKey: 'a-secret-of-the-test-0123456789' };
  await cluster.apply([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels },
      spec: {
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65_532,
          fsGroup: 65_532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name,
            image,
            imagePullPolicy: 'Never',
            // A bucket is a directory.
            command: ['sh', '-c', `mkdir -p /data/${bucket} && exec /versitygw --port :7070 posix /data`],
            env: [
              { name: 'ROOT_ACCESS_KEY', value: keys.accessKeyId },
              { name: 'ROOT_SECRET_KEY', value: keys.secretAccessKey },
            ],
            readinessProbe: { tcpSocket: { port: 7070 }, periodSeconds: 1 },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ port: 7070 }] },
    },
  ]);
  await cluster.must(['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=120s', `pod/${name}`]);
  return { endpoint: `http://${name}.${namespace}.svc.cluster.local:7070`, bucket, ...keys };
}
