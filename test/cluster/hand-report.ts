import { request as httpsRequest } from 'node:https';
import type { CheckReport, RunReport } from '@tapedeck/core';
import type { Json } from './hand-kubelet.ts';

/** The report of a check of the storage that a pod's document names, as its termination message. */
export function checked(document: Json, more: Partial<CheckReport> = {}): string {
  const capabilities = {
    multipart: true,
    rewriteFirstPart: true,
    read: true,
    list: true,
    delete: true,
    signUrls: true,
  };
  const report: CheckReport = {
    version: 1,
    id: String(document.id),
    time: new Date().toISOString(),
    durationSeconds: 0.1,
    ready: true,
    reason: 'Ready',
    message: '',
    steps: [],
    capabilities,
    ...more,
  };
  return JSON.stringify(report);
}

/** What a run says of itself in the middle of a recording. */
export function reported(document: Json, sequence: number, more: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    id: String(document.id),
    sequence,
    time: new Date().toISOString(),
    state: 'Recording',
    startTime: new Date().toISOString(),
    progress: {
      durationSeconds: 3,
      bytesRecorded: 3000,
      bytesUploaded: 2000,
      lagSeconds: 1,
      bitrate: 8000,
    },
    files: [],
    gaps: [],
    pauses: [],
    notices: [],
    ...more,
  };
}
/** The one file of a run. */
export const file = (document: Json, state: 'Open' | 'Complete'): RunReport['files'][number] => ({
  segment: 1,
  attempt: 1,
  key: `${String(document.keyBase)}.mp4`,
  storage: 'team',
  state,
  bytes: 3000,
  durationSeconds: 3,
  ...(state === 'Complete'
    ? { crc32: '00000000', url: 's3://recordings/a.mp4' }
    : {
        journal: {
          version: 1,
          storage: 'team',
          key: 'a',
          contentType: 'video/mp4',
          token: { id: 1 },
          parts: [],
        },
      }),
});

/** What the report endpoint answered. */
export interface ReportAnswer {
  readonly status: number;
  readonly body: Json;
}

/** Sends a report as a recorder does. */
export function postReport(
  endpoint: { readonly port: number; readonly ca: string },
  run: string,
  token: string | undefined,
  body: unknown,
): Promise<ReportAnswer> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest(
      `https://127.0.0.1:${endpoint.port}/runs/${run}/report`,
      {
        method: 'POST',
        ca: endpoint.ca,
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Json }),
        );
      },
    );
    call.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that was kept open was closed by the server in the same moment: that says nothing about the report.
      if (call.reusedSocket && error.code === 'ECONNRESET') resolve(postReport(endpoint, run, token, body));
      else reject(error);
    });
    call.end(JSON.stringify(body));
  });
}
