import type { Kind, ResourceByKind } from '@tapedeck/control';
import type { Condition, Recording, RecordingCopy } from '@tapedeck/core';
import { formatAge, formatBytes, formatClock, statusSeconds } from './amount.ts';
import { copiedText, storagePlace } from './column.ts';
import { storageNames } from './storage-names.ts';
import { renderTable } from './table.ts';
import { readableUrl } from './url.ts';

/** Something that happened to a resource; the same thing again is one with a count. Times in ISO 8601. */
export interface ResourceEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

/** What `describe` prints: everything that is known of a resource, for people. */
export async function describeResource(
  resource: ResourceByKind[Kind],
  about: {
    readonly events: readonly ResourceEvent[];
    readonly now: Date;
    /** What its figures are worth when no control process renews them. */
    readonly unattended?: string | undefined;
  },
): Promise<string> {
  const { events, now, unattended } = about;
  const { stringify } = await import('yaml');
  const { metadata } = resource;
  const sections = [
    fields([
      ['Name', metadata.name],
      ['Namespace', metadata.namespace],
      ['Kind', resource.kind],
      [
        'Created',
        metadata.creationTimestamp &&
          `${metadata.creationTimestamp} (${formatAge(metadata.creationTimestamp, now)} ago)`,
      ],
      ['Deleting', metadata.deletionTimestamp && `since ${metadata.deletionTimestamp}`],
      ['Labels', map(metadata.labels)],
      ['Annotations', map(metadata.annotations)],
      ...(resource.kind === 'ExternalStorage'
        ? ([
            ['Place', storagePlace(resource.spec)],
            ['Endpoint', resource.status?.endpoint],
            ['Last upload', resource.status?.lastUpload],
          ] as const)
        : []),
      ...(resource.kind === 'Recording' ? recordingFields(resource) : []),
      ...(resource.kind === 'RecordingCopy' ? copyFields(resource) : []),
      ['Unattended', unattended],
    ]),
    `Spec:\n${indent(stringify(resource.spec, { lineWidth: 0 }).trimEnd())}`,
    ...(resource.kind === 'Recording' ? recordingSections(resource) : []),
    ...(resource.kind === 'RecordingCopy' ? runSections(resource.status) : []),
    ...(resource.kind === 'ExternalStorage' ? checkSection(resource) : []),
    ...(resource.kind === 'RecordingProfile' ? [] : conditionSection(resource.status?.conditions, now)),
    eventSection(events, now),
  ];
  return sections.join('\n\n');
}

type Field = readonly [name: string, value: string | undefined];

function fields(all: readonly Field[]): string {
  const rows = all.filter(([, value]) => value !== undefined && value !== '');
  return renderTable(
    undefined,
    rows.map(([name, value]) => [`${name}:`, value ?? '']),
  );
}

function recordingFields(recording: Recording): readonly Field[] {
  const { status } = recording;
  return [
    ['Phase', status?.phase ?? 'Pending'],
    ['Storage', storageNames(recording)],
    ['Started', status?.startTime],
    ['Stopped', status?.stopTime && `${status.stopTime} (${status.stopReason ?? 'unknown'})`],
    ['Duration', status?.duration && formatClock(statusSeconds(status.duration))],
    [
      'Progress',
      status?.progress &&
        `${formatBytes(status.progress.bytesRecorded)} recorded, ${formatBytes(status.progress.bytesUploaded)} uploaded, ${status.progress.lag} behind`,
    ],
  ];
}

function copyFields({ status, spec }: RecordingCopy): readonly Field[] {
  return [
    ['Phase', status?.phase ?? 'Pending'],
    ['Recording', spec.recordingRef.name],
    ['Storage', spec.storage.name],
    ['Progress', status?.progress && `${copiedText(status.progress)} copied`],
  ];
}

function recordingSections({ status }: Recording): readonly string[] {
  return [
    section(
      'Storages',
      ['NAME', 'UPLOADED', 'STATE', 'SINCE', 'MESSAGE'],
      (status?.storages ?? []).map(({ name, bytesUploaded, away }) => [
        name,
        formatBytes(bytesUploaded),
        away === undefined ? 'takes it' : `away (${away.reason})`,
        away?.since ?? '',
        away?.message ?? '',
      ]),
    ),
    section(
      'Gaps',
      ['AT', 'LENGTH', 'REASON'],
      (status?.gaps ?? []).map((gap) => [gap.start, gap.duration, gap.reason]),
    ),
    section(
      'Pauses',
      ['AT', 'LENGTH'],
      (status?.pauses ?? []).map((pause) => [pause.start, pause.duration]),
    ),
    ...runSections(status),
  ].filter((text) => text !== '');
}

/** What runs have made and said, of a recording or a copy. */
function runSections(status: Recording['status'] | RecordingCopy['status']): readonly string[] {
  return [
    section(
      'Outputs',
      ['PLACE', 'STORAGE', 'SIZE', 'DURATION', 'CRC-32'],
      (status?.outputs ?? []).map((output) => [
        readableUrl(output.url ?? output.key),
        output.storage,
        formatBytes(output.bytes),
        output.duration,
        output.crc32 ?? '',
      ]),
    ),
    section(
      'Attempts',
      ['NUMBER', 'STARTED', 'ENDED', 'REASON', 'MESSAGE'],
      (status?.attempts ?? []).map((each) => [
        String(each.number),
        each.startTime,
        each.endTime ?? '',
        each.reason ?? '',
        each.message ?? '',
      ]),
    ),
    section(
      'Notices',
      ['REASON', 'MESSAGE'],
      (status?.notices ?? []).map((notice) => [notice.reason, notice.message]),
    ),
  ].filter((text) => text !== '');
}

function checkSection({ status }: ResourceByKind['ExternalStorage']): readonly string[] {
  const check = status?.lastCheck;
  if (check === undefined) return [];
  const rows = check.steps.map((step) => [step.passed ? '✓' : '✗', step.name, step.duration, step.message]);
  return [section(`Check of ${check.time}`, ['', 'STEP', 'TOOK', 'MESSAGE'], rows)];
}

function conditionSection(conditions: readonly Condition[] | undefined, now: Date): readonly string[] {
  if (conditions === undefined || conditions.length === 0) return [];
  const rows = conditions.map((each, index) => [
    each.type,
    each.status,
    each.reason,
    formatAge(each.lastTransitionTime, now),
    // One situation speaks through all of them, mostly.
    each.message !== '' && each.message === conditions[index - 1]?.message ? 'as above' : each.message,
  ]);
  return [section('Conditions', ['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], rows)];
}

function eventSection(events: readonly ResourceEvent[], now: Date): string {
  if (events.length === 0) return 'Events: none';
  const rows = events.map((event) => [
    event.type,
    event.reason,
    `${formatAge(event.last, now)}${event.count > 1 ? ` (x${event.count})` : ''}`,
    event.message,
  ]);
  return section('Events', ['TYPE', 'REASON', 'AGE', 'MESSAGE'], rows);
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}:\n${indent(renderTable(head, rows))}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

function map(values: Readonly<Record<string, string>> | undefined): string | undefined {
  if (values === undefined) return undefined;
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
