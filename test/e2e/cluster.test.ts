import { afterAll, beforeAll, describe } from 'vitest';
import { findCluster, findHelm } from '../cluster/cluster.ts';
import { findVersityGw } from '../servers/versitygw.ts';
import { testDisruptions } from './cluster-disruption-suite.ts';
import { testExamples } from './cluster-examples-suite.ts';
import { testFailures } from './cluster-failure-suite.ts';
import { testCommand, testCopy, testMainJob, testRelease } from './cluster-main-suite.ts';
import { ClusterStage } from './cluster-stage.ts';

/** Builds of Kubernetes and of two images, cold. */
const hookTimeoutMs = 30 * 60_000;
const there =
  (await findCluster()) && (await findVersityGw()) !== undefined && (await findHelm()) !== undefined;

// One cluster for all of them: it is what takes the time.
describe.skipIf(!there)('Tapedeck on a cluster', () => {
  const stage = new ClusterStage();
  beforeAll(() => stage.open(), hookTimeoutMs);
  afterAll(() => stage.close(), 120_000);

  testMainJob(stage);
  testCopy(stage);
  testCommand(stage);
  testExamples(stage);
  testFailures(stage);
  testDisruptions(stage);
  testRelease(stage);
});
