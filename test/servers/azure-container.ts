import { writeFile } from 'node:fs/promises';

/** A look into a container from outside, by nothing of ours: plain requests with a signature that allows all. */
export interface AzureContainer {
  create(): Promise<void>;
  keys(): Promise<string[]>;
  /** Of blobs that nobody completed. */
  openUploads(): Promise<string[]>;
  /** How many blocks of a blob wait for a commit. */
  openBlocks(key: string): Promise<number>;
  headers(key: string): Promise<Headers>;
  download(key: string, path: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export function openContainer(endpoint: string, container: string, sas: string): AzureContainer {
  const address = (key?: string) => {
    const path = key === undefined ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`;
    return `${endpoint}/${container}${path}?${sas}`;
  };
  const ask = async (url: string, init?: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init);
    if (!answer.ok)
      throw new Error(`${new URL(url).pathname} answers ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  const names = async (include: string): Promise<string[]> => {
    const xml = await (await ask(`${address()}&restype=container&comp=list${include}`)).text();
    return [...xml.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name = '']) => name);
  };
  const keys = () => names('');
  return {
    async create() {
      await ask(`${address()}&restype=container`, { method: 'PUT' });
    },
    keys,
    async openUploads() {
      const complete = new Set(await keys());
      return (await names('&include=uncommittedblobs')).filter((name) => !complete.has(name));
    },
    async openBlocks(key) {
      const answer = await fetch(`${address(key)}&comp=blocklist&blocklisttype=uncommitted`);
      if (answer.status === 404) return 0;
      return [...(await answer.text()).matchAll(/<Block>/g)].length;
    },
    headers: async (key) => (await ask(address(key), { method: 'HEAD' })).headers,
    async delete(key) {
      await ask(address(key), { method: 'DELETE' });
    },
    async download(key, path) {
      await writeFile(path, Buffer.from(await (await ask(address(key))).arrayBuffer()));
    },
  };
}
