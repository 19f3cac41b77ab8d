// Which script is writing: the top of the stack that is not ours. Stacks are made for people and differ by browser
// ("at f (url:1:2)", "f@url:1:2"); whatever cannot be read is nobody.

import { Failure } from './page';

const POSITION = /(:\d{1,9}){1,2}\)?$/;
const URL_AT_END = /https?:\/\/[^\s()]+$/;

export function writerOf(stack: unknown, own: string): string | null {
  for (const line of typeof stack === 'string' ? stack.slice(0, 4000).split('\n') : []) {
    const frame = line.trim();
    const url = POSITION.test(frame) && URL_AT_END.exec(frame.replace(POSITION, ''))?.[0];
    if (url && url !== own) return url;
  }
  return null;
}

export function currentWriter(own: string): string | null {
  const limits: any = Failure;
  const { stackTraceLimit, prepareStackTrace } = limits;
  limits.stackTraceLimit = 50; // Chromium keeps ten frames, and our own are that many
  limits.prepareStackTrace = undefined; // a page may have its own idea of what a stack is
  const { stack } = new Failure();
  limits.stackTraceLimit = stackTraceLimit;
  limits.prepareStackTrace = prepareStackTrace;
  return writerOf(stack, own);
}
