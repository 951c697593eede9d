import { z } from 'zod';
import { durationBetween, secretRef } from './resource.ts';

/** When the recording of a page begins. */
export const pageStart = z.enum(['Loaded', 'Ready']);

/** What of a page's surroundings comes from Secrets, each key a name and each value its value. */
export const pageSecretFields = ['headers', 'cookies', 'localStorage'] as const;
export type PageSecretField = (typeof pageSecretFields)[number];

const fromSecret = (what: string) =>
  z.object({ secretRef: z.object(secretRef.shape).describe(`Secret whose keys are ${what}.`) }).optional();

/** The fields of a page beside its address. */
export const pageFields = {
  headers: fromSecret('header names').describe('Headers of the requests to the page’s own origin.'),
  cookies: fromSecret('names of cookies').describe(
    'Cookies for the page’s own host, there before it is opened.',
  ),
  localStorage: fromSecret('keys of localStorage').describe(
    'Items in localStorage of the page’s own origin, there before its scripts run.',
  ),
  language: z
    .string()
    .max(35)
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag like de or pt-BR')
    .optional()
    .describe('Language that the browser asks for and writes dates in; absent: en-US.'),
  timeZone: z
    .string()
    .max(64)
    .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/, 'must be a time zone like Europe/Berlin')
    .optional()
    .describe('Time zone of the page; absent: UTC.'),
  startWhen: pageStart
    .optional()
    .describe(
      'Loaded: recording begins once the page is loaded and painted, or has called tapedeck.ready(). Ready: only once it has. Absent: Loaded.',
    ),
  readyTimeout: durationBetween('1s', '1h')
    .optional()
    .describe('How long the page may take until then; absent: 30s.'),
};
