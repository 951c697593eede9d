import { expect, it } from 'vitest';
import { metricText } from './metric-text.ts';

it('is what Prometheus reads', () => {
  const text = metricText([
    { name: 'a', help: 'One.', type: 'gauge', samples: [{ value: 1 }] },
    {
      name: 'b_total',
      help: 'Two.',
      type: 'counter',
      samples: [{ labels: { reason: 'a "b"\n\\' }, value: 0.5 }],
    },
    { name: 'c', help: 'None.', type: 'gauge', samples: [] },
  ]);
  expect(text).toBe(
    [
      '# HELP a One.',
      '# TYPE a gauge',
      'a 1',
      '# HELP b_total Two.',
      '# TYPE b_total counter',
      'b_total{reason="a \\"b\\"\\n\\\\"} 0.5',
      '# HELP c None.',
      '# TYPE c gauge',
      '',
    ].join('\n'),
  );
});
