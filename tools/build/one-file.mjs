// Packs the chunks of a bundle into one CommonJS file that compiles only what it runs.
//
// Happy path: the entry and what it imports statically stand in the file as functions, in order. Every other chunk is a
// string in it, decompressed and compiled when it is first required: V8 reads over a string many times faster than over
// code, but Node does read and decode the whole file, so its size counts. All is in memory once the file is loaded:
// replacing it on disk changes nothing for a running program.
// Unhappy paths: a chunk that can not be compiled, or throws, does so at every require; a require of anything else is Node's.
// Ordering: as with separate files: a chunk runs once, at its first require, and cycles see what is exported so far.
import { brotliCompressSync } from 'node:zlib';

/** One file out of rolldown's output chunks: `[{ fileName, code, isEntry, imports }]`, one of them the entry. */
export function packChunks(chunks) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const entry = chunks.find(({ isEntry }) => isEntry);
  const early = new Set();
  const reach = (name) => {
    const chunk = byName.get(name);
    if (chunk === undefined || early.has(chunk)) return;
    early.add(chunk);
    chunk.imports.forEach(reach);
  };
  reach(entry.fileName);
  const definitions = chunks.map((chunk) => {
    const name = JSON.stringify(`./${chunk.fileName}`);
    return early.has(chunk)
      ? `${name}: function (exports, require, module) {\n${chunk.code}\n},`
      : `${name}: ${carried(chunk.code)},`;
  });
  return `'use strict';
const chunks = {
${definitions.join('\n')}
};
${loader}
run(${JSON.stringify(`./${entry.fileName}`)});
`;
}

const carried = (code) => JSON.stringify(brotliCompressSync(code).toString('base64'));

/** Chunks ask for each other by \`./NAME\`; they see the file's own \`__filename\` and \`__dirname\`. */
const loader = `const loaded = {};
function run(name) {
  if (loaded[name] !== undefined) return loaded[name].exports;
  const chunk = (loaded[name] = { exports: {} });
  try {
    compile(name)(chunk.exports, requireChunk, chunk);
  } catch (error) {
    delete loaded[name];
    throw error;
  }
  return chunk.exports;
}
function requireChunk(name) {
  return Object.hasOwn(chunks, name) ? run(name) : require(name);
}
function compile(name) {
  const chunk = chunks[name];
  if (typeof chunk === 'function') return chunk;
  const { brotliDecompressSync } = require('node:zlib');
  const code = brotliDecompressSync(Buffer.from(chunk, 'base64')).toString();
  const { compileFunction } = require('node:vm');
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const made = compileFunction(code, parameters, { filename: __filename + name.slice(1) });
  return (exports, load, module) => made(exports, load, module, __filename, __dirname);
}`;
