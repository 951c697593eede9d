import { expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { loadKubeconfig } from './kubeconfig.ts';

const broken = `
users:
- name: me
  user:
    token: secret-of-the-test
    other: [
`;

it('tells where a kubeconfig is broken, and nothing of what is written there', () => {
  let thrown: unknown;
  try {
    loadKubeconfig(broken);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ApiError);
  expect(thrown).toMatchObject({
    reason: 'NoCluster',
    message: expect.stringMatching(/^the kubeconfig cannot be read: \S/),
  });
  expect(String(thrown)).not.toContain('secret-of-the-test');
});

it('says of an empty kubeconfig that it is empty', () => {
  expect(() => loadKubeconfig('')).toThrow(/^the kubeconfig is empty: write it anew/);
});
