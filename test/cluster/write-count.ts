import type { ApiServer } from './api-server.ts';

const writes =
  /^apiserver_request_total\{.*\bresource="(\w+)".*\bverb="(?:POST|PUT|PATCH|APPLY|DELETE)".*\} (\S+)$/gm;
/** All that the operator writes but the Lease, which it renews for as long as it leads. */
const counted = ['externalstorages', 'recordings', 'jobs', 'pods', 'configmaps', 'events', 'endpointslices'];

/** How many writes the API server has been asked for so far, by whomever, by resource. */
export async function countWrites(server: ApiServer): Promise<Readonly<Record<string, number>>> {
  const { stdout, stderr, code } = await server.kubectl(['get', '--raw', '/metrics']);
  if (code !== 0) throw new Error(stderr);
  const counts: Record<string, number> = Object.fromEntries(counted.map((resource) => [resource, 0]));
  for (const [, resource = '', value] of stdout.matchAll(writes)) {
    const before = counts[resource];
    if (before !== undefined) counts[resource] = before + Number(value);
  }
  return counts;
}

/** The resources that were written between two counts. */
export function writtenBetween(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const more = Object.entries(after).map(
    ([resource, count]) => [resource, count - (before[resource] ?? 0)] as const,
  );
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}
