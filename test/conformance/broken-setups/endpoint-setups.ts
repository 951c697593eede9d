import type { RunStorage } from '@tapedeck/core';
import type { OddServer } from '../../servers/odd-servers.ts';
import type { BrokenSetup } from './broken-setup.ts';

/** What every service with an endpoint of its own is confronted with. */
export interface EndpointScene {
  readonly server: { readonly endpoint: string };
  /** Speaks HTTP, but not the service's. */
  readonly site: OddServer;
  readonly closedPort: number;
}

/** Endpoints that are wrong behind a name that resolves; `at` is a storage that is right but for its endpoint. */
export function endpointSetups<Scene extends EndpointScene>(
  service: string,
  at: (scene: Scene, endpoint: string) => RunStorage,
): readonly BrokenSetup<Scene>[] {
  return [
    {
      title: 'nobody listens on the port',
      reason: 'StorageUnreachable',
      step: 'Connect',
      storage: (scene) => at(scene, `http://127.0.0.1:${scene.closedPort}`),
    },
    {
      title: '`https://` where the server speaks HTTP',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => at(scene, scene.server.endpoint.replace('http:', 'https:')),
    },
    {
      title: `a web site in place of ${service}`,
      reason: 'StorageUnreachable',
      step: 'Write',
      storage: (scene) => at(scene, `http://127.0.0.1:${scene.site.port}`),
    },
  ];
}
