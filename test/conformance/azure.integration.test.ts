import { azureCapabilities, createDriver, type Driver } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Azurite, startAzurite } from '../servers/azurite.ts';

describe('an Azure container', () => {
  let server: Azurite;
  const secrets: string[] = [];

  beforeAll(async () => {
    server = await startAzurite();
    secrets.push(server.accountKey);
  });
  afterAll(() => server?.stop());

  const open = (): Promise<Driver> =>
    createDriver({
      spec: { provider: 'AzureBlob', azureBlob: { container: server.container } },
      credentials: { connectionString: server.connectionString },
    });

  describeDriver('Azure Blob', azureCapabilities, { open, secrets }, { describe, it });
});
