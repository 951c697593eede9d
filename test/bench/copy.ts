import { startBroadcast } from '../media/broadcast.ts';
import { startVersityGw } from '../servers/versitygw.ts';
import { runBench } from './lib/bench.ts';
import { fullHdClip } from './lib/content.ts';
import { benchSeconds } from './lib/length.ts';
import { gatewayStorage, startRecorder } from './lib/recorder-process.ts';

const seconds = benchSeconds(60);
const mebibyte = 1024 ** 2;

/**
 * A broadcast that already is what was asked is copied: what that costs, from the recorder's start to its end,
 * probe and upload included.
 */
await runBench('copy: 1080p30 H264 and AAC at 4 Mbit/s over RTMP into S3', async (after) => {
  const server = await startVersityGw();
  after(() => server.stop());
  const broadcast = await startBroadcast('Rtmp', { file: await fullHdClip(), copied: true });
  after(() => broadcast.stop());
  const recorder = await startRecorder({
    source: { type: 'Stream', url: broadcast.url, lostTimeoutSeconds: 10, startTimeoutSeconds: 20 },
    storages: [gatewayStorage(server)],
    stopAfterSeconds: seconds,
  });
  after(() => recorder.close());
  const { usage, files, log } = await recorder.finished();
  if (!log.includes('"video":"Copy","audio":"Copy"')) throw new Error(`it was not copied:\n${log}`);

  const [file] = files;
  const bitrate = ((file?.bytes ?? 0) * 8) / (file?.durationSeconds ?? Number.NaN);
  return [
    { name: 'recorded', value: file?.durationSeconds ?? 0, unit: 's' },
    { name: 'bitrate', value: bitrate / 1e6, unit: 'Mbit/s' },
    {
      name: 'CPU of everything',
      value: (usage.treeCpuSeconds / usage.wallSeconds) * 100,
      unit: '% of a core',
      most: 5,
    },
    {
      name: 'CPU of the recorder alone',
      value: (usage.node.cpuSeconds / usage.wallSeconds) * 100,
      unit: '%',
    },
    { name: 'memory of everything', value: usage.peakTreeRssBytes / mebibyte, unit: 'MiB', most: 150 },
    { name: 'memory of the recorder alone', value: usage.node.peakRssBytes / mebibyte, unit: 'MiB' },
  ];
});
