import { expect, it } from 'vitest';
import { readClaims } from './token-claims.ts';

const token = (claims: unknown) =>
  `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const nothing = { audiences: [], expires: undefined, pod: undefined };
const bound = { namespace: 'a', pod: { name: 'rec-1', uid: '1' } };

it.each([
  ['no token', 'nonsense', { audiences: [] }],
  ['a body that is no object', token('x'), { audiences: [] }],
  ['one audience', token({ aud: 'x' }), { ...nothing, audiences: ['x'] }],
  ['several audiences', token({ aud: ['x', 'y'] }), { ...nothing, audiences: ['x', 'y'] }],
  ['an end that is none', token({ aud: 'x', exp: 'soon' }), { ...nothing, audiences: ['x'] }],
  ['a token that is bound to no pod', token({ 'kubernetes.io': { namespace: 'a' } }), nothing],
  [
    'one that is bound to a pod',
    token({ aud: 'x', exp: 5, 'kubernetes.io': bound }),
    { audiences: ['x'], expires: 5, pod: { namespace: 'a', name: 'rec-1', uid: '1' } },
  ],
])('reads %s', (_, text, said) => {
  expect(readClaims(text)).toEqual(said);
});
