export { main } from './lib/main.ts';
export { createProgram, type Program } from './lib/program.ts';
