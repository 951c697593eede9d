import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { ApiServer } from '../../cluster/api-server.ts';
import { crowdPath, inLanes, makeRecording, mergePatch, mustCall } from '../../cluster/crowd.ts';
import type { Json } from '../../cluster/hand-kubelet.ts';
import { operatorNamespace } from '../../cluster/operator-rights.ts';

const configMaps = `/api/v1/namespaces/${operatorNamespace}/configmaps`;

const texts = z.record(z.string(), z.string());
const reportsObject = z.object({ metadata: z.object({ labels: texts }), binaryData: texts });

/** A recording that the operator has seen to its end: what it leaves is what others are given. */
export interface FinishedPattern {
  readonly uid: string;
  readonly status: Json;
  readonly configMap: z.infer<typeof reportsObject>;
}

export async function readPattern(server: ApiServer, name: string): Promise<FinishedPattern> {
  const { metadata, status } = await mustCall(server, 'GET', `${crowdPath}/recordings/${name}`);
  const { uid } = metadata as { uid: string };
  const configMap = reportsObject.parse(await mustCall(server, 'GET', `${configMaps}/reports-${uid}-1`));
  return { uid, status: status as Json, configMap };
}

/** The recording has ended, with the reports that a real one leaves. No operator may run meanwhile. */
export async function finishRecording(
  server: ApiServer,
  pattern: FinishedPattern,
  name: string,
  uid: string,
): Promise<void> {
  await mergePatch(server, `${crowdPath}/recordings/${name}/status`, { status: pattern.status });
  const binaryData = Object.fromEntries(
    Object.entries(pattern.configMap.binaryData).map(([key, text]) => {
      const report = gunzipSync(Buffer.from(text, 'base64')).toString('utf8');
      return [key, gzipSync(report.replaceAll(pattern.uid, uid)).toString('base64')];
    }),
  );
  const { labels } = pattern.configMap.metadata;
  const head = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `reports-${uid}-1`, labels } };
  await mustCall(server, 'POST', configMaps, { ...head, binaryData });
}

/** So many recordings that have ended. */
export async function makeFinished(
  server: ApiServer,
  pattern: FinishedPattern,
  count: number,
): Promise<void> {
  await inLanes(count, async (index) => {
    const name = `finished-${index}`;
    await finishRecording(server, pattern, name, await makeRecording(server, name));
  });
}
