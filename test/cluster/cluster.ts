import { execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from '../repo/checkout.ts';
import { findGoTool } from '../servers/tool.ts';
import { type KubectlResult, runProgram } from './api-server.ts';
import { findKubernetes, recipe } from './kubernetes.ts';

const run = promisify(execFile);
const startTimeoutMs = 5 * 60_000;
/** ffmpeg is fetched and unpacked, on two cores that do something else as well. */
const imageTimeoutMs = 10 * 60_000;
/** It has limits of its own (`--timeout`), and says what it waited for when they are over. */
const helmTimeoutMs = 10 * 60_000;
const output = { maxBuffer: 64 * 1024 * 1024 };

/** What the recipe calls, beside what it builds; see `clusterPackages` in scripts/lib/system-package.mjs. */
const programs = [
  'buildah',
  'containerd',
  'ctr',
  'etcd',
  'ip',
  'mmdebstrap',
  'nft',
  'nsenter',
  'openssl',
  'runc',
];

/** The path of helm, built on first use, or undefined (with a line on stderr) where it cannot be had. */
export function findHelm(): Promise<string | undefined> {
  return findGoTool({ name: 'helm', module: 'helm.sh/helm/v4/cmd/helm@v4.3.1' });
}

/** What a cluster of this machine lets do to its one node; programs are named as in the recipe. */
export interface ClusterNode {
  /** The address at which pods reach what listens there on this machine. */
  readonly host: string;
  stop(program: 'apiserver' | 'kubelet'): Promise<void>;
  /** As it was started at first; one that runs is left alone. */
  start(program: 'apiserver' | 'kubelet'): Promise<void>;
  /** SIGKILL to the first process of a pod's only container. */
  kill(namespace: string, pod: string): Promise<void>;
  /** Gives an image that the node has another name too. */
  tag(image: string, name: string): Promise<void>;
}

/** A cluster with nodes: pods run. */
export interface Cluster {
  readonly kubeconfig: string;
  /** Never rejects for what kubectl says. */
  kubectl(args: readonly string[], stdin?: string): Promise<KubectlResult>;
  /** Rejects with what kubectl says where it fails. */
  must(args: readonly string[], stdin?: string): Promise<string>;
  apply(documents: readonly object[]): Promise<void>;
  /** Name of an image of ours that pods can use: built here, or named by TAPEDECK_E2E_<NAME>_IMAGE. */
  image(name: 'recorder' | 'operator'): Promise<string>;
  /** Likewise of another program, with the directory that it is built from. */
  otherImage(name: string, fill: (context: string) => Promise<void>): Promise<string>;
  /** Rejects with what helm says where it fails. */
  helm(args: readonly string[]): Promise<string>;
  /** A port of this machine that leads to one of a Service, until it is closed. */
  forward(namespace: string, service: string, port: number): Promise<{ port: number; close(): void }>;
  /** Undefined where the cluster was given. */
  readonly node: ClusterNode | undefined;
  close(): Promise<void>;
}

/**
 * Can there be a cluster? TAPEDECK_E2E_KUBECONFIG names one (kind, minikube, a real one); else it is made on this machine,
 * as root. In CI it is an error where it cannot be.
 */
export async function findCluster(): Promise<boolean> {
  if (process.env.TAPEDECK_E2E_KUBECONFIG !== undefined) return true;
  const missing = programs.filter((name) => !isOnPath(name));
  const why =
    process.platform !== 'linux' || process.getuid?.() !== 0
      ? 'it takes root on Linux'
      : missing.length > 0
        ? `${missing.join(', ')} missing`
        : (await findKubernetes()) === undefined
          ? 'it could not be built'
          : undefined;
  if (why === undefined) return true;
  if (process.env.CI) throw new Error(`a cluster is needed: ${why}`);
  process.stderr.write(`Skipping tests that need a cluster (${why}); or set TAPEDECK_E2E_KUBECONFIG\n`);
  return false;
}

function isOnPath(name: string): boolean {
  const directories = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(path.join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false; // Not there: the next directory may have it.
    }
  });
}

/** Ask `findCluster` first. */
export async function openCluster(): Promise<Cluster> {
  const given = process.env.TAPEDECK_E2E_KUBECONFIG;
  const bin = given === undefined ? await findKubernetes() : undefined;
  const kubectlPath = bin === undefined ? 'kubectl' : path.join(bin, 'kubectl');
  // Short: the paths of sockets in it may have 108 characters.
  const directory = await mkdtemp(path.join(tmpdir(), 'tdk8s-'));
  const close = async () => {
    if (given === undefined) await run(recipe('down'), [directory], { timeout: startTimeoutMs });
    await rm(directory, { recursive: true, force: true });
  };
  try {
    if (given === undefined) await run(recipe('up'), [directory], { ...output, timeout: startTimeoutMs });
  } catch (error) {
    await close();
    throw error;
  }
  const kubeconfig = given ?? path.join(directory, 'kubeconfig');
  const options = ['--kubeconfig', kubeconfig, '--cache-dir', path.join(directory, 'discovery')];
  const kubectl = (args: readonly string[], stdin?: string) =>
    runProgram(kubectlPath, [...options, ...args], stdin);
  const must = async (args: readonly string[], stdin?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, stdin);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };
  /** From the directory that holds its Dockerfile. */
  const build = async (name: string, context: () => Promise<string>): Promise<string> => {
    const variable = `TAPEDECK_E2E_${name.toUpperCase()}_IMAGE`;
    const named = process.env[variable];
    if (named !== undefined) return named;
    if (given !== undefined) throw new Error(`set ${variable} to an image that the cluster has`);
    const image = `localhost/tapedeck/${name}:test`;
    const from = await context();
    await run(recipe('base-image'), [], { ...output, timeout: imageTimeoutMs });
    const args = [directory, image, path.join(from, 'Dockerfile'), from];
    await run(recipe('image'), args, { ...output, timeout: imageTimeoutMs });
    return image;
  };

  const program = async (...args: readonly string[]) =>
    (await run(recipe('program'), [directory, ...args], { ...output, timeout: startTimeoutMs })).stdout;

  return {
    kubeconfig,
    node:
      given === undefined
        ? {
            host: (await program('host')).trim(),
            stop: async (name) => void (await program('stop', name)),
            start: async (name) => void (await program('start', name)),
            async kill(namespace, pod) {
              const id = 'jsonpath={.status.containerStatuses[0].containerID}';
              const text = await must(['-n', namespace, 'get', 'pod', pod, '-o', id]);
              await program('kill', text.replace('containerd://', ''));
            },
            tag: async (image, name) => void (await program('tag', image, name)),
          }
        : undefined,
    kubectl,
    must,
    async apply(documents) {
      const list = { apiVersion: 'v1', kind: 'List', items: documents };
      await must(['apply', '--server-side', '-f', '-'], JSON.stringify(list));
    },
    image: (name) =>
      build(name, async () => {
        const script = path.join(root, 'scripts/image-context.mjs');
        return (await run(process.execPath, [script, name])).stdout.trim();
      }),
    async otherImage(name, fill) {
      const context = path.join(directory, `image-${name}`);
      return await build(name, async () => {
        await mkdir(context, { recursive: true });
        await fill(context);
        return context;
      });
    },
    async helm(args) {
      const helm = (await findHelm()) ?? 'helm';
      const { code, stdout, stderr } = await runProgram(
        helm,
        ['--kubeconfig', kubeconfig, ...args],
        undefined,
        helmTimeoutMs,
      );
      if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}${stdout}`);
      return stdout;
    },
    async forward(namespace, service, port) {
      const args = [...options, '--namespace', namespace, 'port-forward', `service/${service}`, `:${port}`];
      const child = spawn(kubectlPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      const local = await new Promise<number>((resolve, reject) => {
        child.once('exit', () => reject(new Error(`port-forward: ${said}`)));
        createInterface({ input: child.stdout }).on('line', (line) => {
          const number = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
          if (number !== undefined) resolve(Number(number));
        });
      });
      return { port: local, close: () => void child.kill('SIGTERM') };
    },
    close,
  };
}
