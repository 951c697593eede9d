import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { recorderBundle } from '../../scripts/lib/recorder-bundle.mjs';

const outdir = 'dist/bundle';

// Chunks are named by what is in them: those of an older build would stay.
await rm(outdir, { recursive: true, force: true });

const { metafile } = await build({
  ...recorderBundle(),
  metafile: true,
  entryPoints: { recorder: 'dist/main.js' },
  outdir,
});
// For the image's bill of materials.
await writeFile('dist/bundle-meta.json', JSON.stringify(metafile));
