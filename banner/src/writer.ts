// Which script is writing: the top of the stack that is not ours. Stacks are made for people and differ by browser
// ("at f (url:1:2)", "f@url:1:2"); whatever cannot be read is nobody.

import { Failure } from './page';

const FRAME = /(https?:\/\/[^\s()]+?)(:\d+)+\)?$/;

export function writerOf(stack: unknown, own: string): string | null {
  for (const line of typeof stack === 'string' ? stack.slice(0, 4000).split('\n') : []) {
    const url = FRAME.exec(line.trim())?.[1];
    if (url && url !== own) return url;
  }
  return null;
}

export function currentWriter(own: string): string | null {
  const limits = Failure as unknown as { stackTraceLimit: number | undefined };
  const limit = limits.stackTraceLimit;
  limits.stackTraceLimit = 50; // Chromium keeps ten frames, and our own are that many
  const { stack } = new Failure();
  limits.stackTraceLimit = limit;
  return writerOf(stack, own);
}
