import { expect, it } from 'vitest';
import { pageProblem } from './page-problem.ts';

interface Given {
  readonly url?: string;
  readonly timeZone?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
}

const secret = 'very-secret';

it.each<[string | undefined, Given]>([
  [undefined, {}],
  [undefined, { timeZone: 'America/Argentina/Buenos_Aires' }],
  ['no time zone "Europe/Berlim"', { timeZone: 'Europe/Berlim' }],
  [undefined, { headers: { authorization: `Bearer ${secret}`, 'X-Room': 'ä' } }],
  ['"Host" of the page is one that only the browser', { headers: { Host: secret } }],
  ['only the browser itself may send', { headers: { 'Proxy-Authorization': secret } }],
  ['has a name that HTTP does not allow', { headers: { 'x y': secret } }],
  ['line breaks', { headers: { x: `${secret}\r\ny: z` } }],
  [undefined, { cookies: { sid: `${secret}, and="more"` } }],
  ['has a name that HTTP does not allow', { cookies: { 'a;b': secret } }],
  ['semicolon', { cookies: { sid: `${secret}; path=/` } }],
  ['line break', { cookies: { sid: `${secret}\n` } }],
  ['longer than 4096 bytes', { cookies: { sid: secret.repeat(400) } }],
  [undefined, { cookies: { '__Host-sid': secret } }],
  ['needs a page over https', { url: 'http://h/', cookies: { '__Host-sid': secret } }],
])('%s, case %#', (problem, { url = 'https://h/room', headers = {}, cookies = {}, ...spec }) => {
  const found = pageProblem({ url, ...spec }, { headers, cookies });
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
  expect(String(found)).not.toMatch(secret);
});
