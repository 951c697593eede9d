import type { AgentOptions } from 'node:http';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Whether node sends HTTP through a proxy that the environment names
 * (https://nodejs.org/api/http.html#built-in-proxy-support).
 */
export function usesProxy(env: Env = process.env): boolean {
  if (env.NODE_USE_ENV_PROXY !== '1') return false;
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some((name) => (env[name] ?? '') !== '');
}

/** For an agent of our own: node itself tells only its global ones. */
export function proxyOptions(env: Env = process.env): Pick<AgentOptions, 'proxyEnv'> {
  return usesProxy(env) ? { proxyEnv: { ...env } } : {};
}
