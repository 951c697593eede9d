import type { Cluster } from './cluster.ts';

/** Well within what a node may be silent for. */
const beatMs = 5_000;

/**
 * A node that is well and takes no pods, played by whoever calls this: where every node of a cluster is gone its
 * controllers evict nothing, for then it is rather they that are cut off.
 */
export async function startIdleNode(cluster: Cluster): Promise<{ close(): Promise<void> }> {
  const name = 'idle-node';
  const beat = async (): Promise<void> => {
    const time = new Date().toISOString();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: time.replace('Z', '000Z') },
    };
    const ready = { type: 'Ready', status: 'True', reason: 'Played', message: 'It is well.' };
    const conditions = [{ ...ready, lastHeartbeatTime: time.replace(/\.\d+Z$/, 'Z') }];
    const status = JSON.stringify({ status: { conditions } });
    await cluster.apply([lease]);
    await cluster.must(['patch', 'node', name, '--subresource', 'status', '--type', 'merge', '-p', status]);
  };
  const taints = [{ key: 'tapedeck.dev/idle', value: 'yes', effect: 'NoSchedule' }];
  await cluster.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { taints } }]);
  let closed = false;
  let beating = beat();
  await beating;
  const timer = setInterval(() => {
    // One that is missed is made good by the next; the last is waited for.
    beating = beating.then(() => (closed ? undefined : beat())).catch(() => undefined);
  }, beatMs);
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await beating;
      await cluster.must(['delete', 'node', name, '--wait=false']);
    },
  };
}
