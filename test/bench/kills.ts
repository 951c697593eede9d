/**
 * That many recordings, each met by one kill -9 of its recorder, its ffmpeg or both at a random moment. Ends with 1 when
 * a promise was broken.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { randomKills } from '../chaos/random-kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    /** The same one makes the same plan. */
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    destination: { type: 'string', default: 'S3' },
  },
  strict: false,
});
const { kills, seed, destination } = z
  .object({
    kills: z.coerce.number().int().min(1),
    seed: z.coerce.number().int().min(0),
    destination: z.enum(['S3', 'Local', 'AzureBlob']),
  })
  .parse(values);

const { outcomes, leftovers } = await randomKills({
  kills,
  seed,
  destination,
  onOutcome({ number, victim, moment, killed, lost, missingSeconds, finalSeconds }) {
    const what = `${String(number).padStart(3)} ${moment.padEnd(6)} ${victim.padEnd(8)} ${killed} killed`;
    const how = lost ?? `${missingSeconds.toFixed(1)} s missing, final after ${finalSeconds.toFixed(1)} s`;
    console.log(`${what}: ${how}`);
  },
});

const met = outcomes.filter(({ killed }) => killed > 0);
const worst = (values: readonly number[]) => Math.max(0, ...values).toFixed(1);
const lost = outcomes.filter((each) => each.lost !== undefined && !each.lost.startsWith('not readable'));
const unreadable = outcomes.filter((each) => each.lost?.startsWith('not readable') === true);
const missing = worst(outcomes.map(({ missingSeconds }) => missingSeconds));
const final = worst(outcomes.map(({ finalSeconds }) => finalSeconds));
console.log(
  `\n${outcomes.length} recordings into ${destination}, seed ${seed}, ${met.length} met their kill`,
);
console.log(`lost: ${lost.length}   unreadable: ${unreadable.length}   left behind: ${leftovers.length}`);
console.log(`worst missing: ${missing} s (promised 8)   worst time to final state: ${final} s (promised 60)`);
for (const each of leftovers) console.log(`left behind: ${each}`);
// Some escape, at their start and when they stop; if most do, nothing is shown.
const fewMet = met.length < outcomes.length / 2;
if (fewMet) console.log(`only ${met.length} of ${outcomes.length} met their kill: this says nothing`);
const broken =
  fewMet ||
  outcomes.length < kills ||
  lost.length + unreadable.length + leftovers.length > 0 ||
  Number(missing) > 8 ||
  Number(final) > 60;
process.exit(broken ? 1 : 0);
