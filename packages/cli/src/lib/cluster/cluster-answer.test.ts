import { objectList } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import { readAnswer } from './cluster-answer.ts';

it.each([
  [
    'a field',
    { metadata: { resourceVersion: 1 }, items: [] },
    /^Recordings came .*\(metadata\.resourceVersion: /,
  ],
  ['all of it', '<html>log in</html>', /^Recordings came .*\(all of it: /],
])('says of which object, and that %s is not as expected', (_, answer, sentence) => {
  const read = () => readAnswer(objectList, answer, 'Recordings');
  expect(read).toThrow(
    expect.objectContaining({ code: 'Unknown', message: expect.stringMatching(sentence) }),
  );
});
