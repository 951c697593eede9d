/** Where things are in a recorder's pod. */
export const podFiles = {
  /** The run's spec and the endpoint's certificates, from annotations of the pod itself. */
  run: '/run/tapedeck/run',
  spec: '/run/tapedeck/run/spec.json',
  ca: '/run/tapedeck/run/ca.crt',
  token: '/run/tapedeck/token',
  tokenFile: '/run/tapedeck/token/token',
  /** A directory a storage, a file a key of its Secret. */
  credentials: '/run/tapedeck/credentials',
  source: '/run/tapedeck/source',
  sourceUrl: '/run/tapedeck/source/url',
  scratch: '/scratch',
  temporary: '/tmp',
  termination: '/dev/termination-log',
} as const;

/** Annotations of the pod that become files in it. */
export const podAnnotations = { spec: 'tapedeck.dev/spec', ca: 'tapedeck.dev/report-ca' } as const;
