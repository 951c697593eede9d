import type { Cluster } from './cluster.ts';

const name = 'broadcast';
const port = 8080;

/** A picture and a sound to whoever asks, from the beginning of now, for as long as they listen. */
const program = `
const { spawn } = require('node:child_process');
const arguments_ = [
  '-loglevel error -re -f lavfi -i testsrc2=size=320x180:rate=15 -f lavfi -i sine=frequency=440',
  '-c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p -c:a aac -f mpegts -',
].join(' ').split(' ');
require('node:http').createServer((request, response) => {
  const ffmpeg = spawn('ffmpeg', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  response.writeHead(200, { 'content-type': 'video/mp2t' });
  ffmpeg.stdout.pipe(response);
  response.on('close', () => ffmpeg.kill('SIGKILL'));
}).listen(${port});
`;

/** Starts a broadcaster of that image, which has Node and ffmpeg, and resolves with its address within the cluster. */
export async function startBroadcastPod(cluster: Cluster, namespace: string, image: string): Promise<string> {
  const labels = { app: name };
  await cluster.apply([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels },
      spec: {
        automountServiceAccountToken: false,
        containers: [
          {
            name,
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['node', '-e', program],
            readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ port }] },
    },
  ]);
  await cluster.must(['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=120s', `pod/${name}`]);
  return `http://${name}.${namespace}.svc.cluster.local:${port}/live.ts`;
}
