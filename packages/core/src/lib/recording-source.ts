import { z } from 'zod';
import { pageFields } from './recording-page.ts';
import { durationBetween, secretKeyRef } from './resource.ts';
import { unionRules, withRules } from './rule.ts';

/** What may stand in braces in a source's URL. */
export const sourcePlaceholders = ['room', 'meetingId'] as const;

const knownPlaceholders = (url: string) =>
  [...url.matchAll(/\{([^{}]*)\}/g)].every(([, word]) => sourcePlaceholders.some((known) => known === word));

const placeholderRule = {
  cel: "!self.matches(r'\\{[^{}]*\\}') || self.matches(r'^([^{}]|\\{room\\}|\\{meetingId\\})*$')",
  message: 'may hold {room} and {meetingId}, and no other braces',
  holds: knownPlaceholders,
};

const pageUrl = withRules(z.string().min(8).max(8192), [
  {
    cel: "self.matches('^https?://.')",
    message: 'must be an http or https URL',
    holds: (url) => /^https?:\/\/./.test(url),
  },
  placeholderRule,
]);

const streamUrl = withRules(z.string().min(1).max(8192), [
  {
    cel: "self.matches('^((rtmps?|rtsps?|srt|https?)://.|file:.|/.|\\\\./.)')",
    message:
      'must be an rtmp, rtmps, rtsp, rtsps, srt, http, https or file URL, or a path that starts with / or ./',
    holds: (url) => /^((rtmps?|rtsps?|srt|https?):\/\/.|file:.|\/.|\.\/.)/.test(url),
  },
  placeholderRule,
]);

export const recordingSource = withRules(
  z.object({
    type: z
      .enum(['Page', 'Stream', 'TestCard'])
      .describe('Kind of source; the block of that name says more.'),
    page: z
      .object({
        url: pageUrl.describe('Address of the page.'),
        ...pageFields,
      })
      .optional()
      .describe('A page in a browser.'),
    stream: withRules(
      z.object({
        url: streamUrl
          .optional()
          .describe('Address of the stream: rtmp(s), rtsp(s), srt, http(s), HLS, or a file.'),
        urlSecretRef: secretKeyRef.optional().describe('Where the address is, when it holds a secret.'),
        lostTimeout: durationBetween('1s', '1h')
          .optional()
          .describe('How long a stream that was there may be away before the recording ends; absent: 30s.'),
        startTimeout: durationBetween('1s', '1h')
          .optional()
          .describe('How long to wait for the first picture or sound; absent: 30s.'),
      }),
      [
        {
          cel: 'has(self.url) != has(self.urlSecretRef)',
          message: 'must have either url or urlSecretRef',
          holds: (value) => (value.url === undefined) !== (value.urlSecretRef === undefined),
        },
      ],
    )
      .optional()
      .describe('A live stream or a file.'),
    testCard: z
      .object({})
      .optional()
      .describe('A moving picture with a clock, a flash and a beep each second.'),
  }),
  unionRules('type', { Page: 'page', Stream: 'stream', TestCard: 'testCard' }, ['TestCard']),
);
export type RecordingSource = z.infer<typeof recordingSource>;
