/** Less memory for the one WebAssembly program that is used: the parser of HTTP in undici. */
import v8 from 'node:v8';

/**
 * Keeps V8 from compiling WebAssembly a second time with its optimizing compiler, which takes some 35 MB for a parser that reads a few
 * headers. Call it before undici is loaded. A V8 that does not know the flag says so on standard error and goes on without it.
 */
export function compileWasmOnce(): void {
  v8.setFlagsFromString('--liftoff-only');
}
